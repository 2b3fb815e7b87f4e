"""Who may do what. Checked here, never in widgets.

One row per command. A command without a row is the lead's alone, and a test names it.
"""

from __future__ import annotations

from desktop.domain.contracts import Command
from desktop.domain.errors import AccessProblem
from desktop.domain.task import Reader, Role

_LEAD = frozenset({Role.LEAD})
_DRAWS = frozenset({Role.LEAD, Role.READER, Role.ADJUDICATOR})
_WORKS = _DRAWS | {Role.REVIEWER}
_RULES = frozenset({Role.LEAD, Role.ADJUDICATOR})
_REVIEWS = frozenset({Role.LEAD, Role.REVIEWER})
_ALL = frozenset(Role)
_SEES = _ALL - {Role.READER}

MATRIX: dict[str, frozenset[Role]] = {
    # regions
    "AddAnnotation": _DRAWS,
    "ReshapeAnnotation": _DRAWS,
    "ReshapeAnnotations": _DRAWS,
    "RelabelAnnotations": _DRAWS,
    "DeleteAnnotations": _DRAWS,
    "AnswerRegion": _DRAWS,
    "LockAnnotation": _DRAWS,
    "PaintMask": _DRAWS,
    "AcceptPrediction": _DRAWS,
    "ScribbleElse": _DRAWS,
    "AnswerPatch": _DRAWS,
    # a reader's own work on a case
    "AnswerQuestion": _DRAWS,
    "SetNoFinding": _DRAWS,
    "MarkCase": _DRAWS,
    "CommentCase": _DRAWS,
    "RateConfidence": _DRAWS,
    "FlagCase": _WORKS,
    "SignCase": _DRAWS,
    "Calibrate": _DRAWS,
    "RecordTime": _WORKS,
    "AcceptProposals": _DRAWS,
    "RejectProposals": _DRAWS,
    "SkipQuery": _DRAWS,
    "LockBlindAnswer": _DRAWS,
    # rulings where readers disagree
    "RuleOnQuestion": _RULES,
    "RuleOnRegion": _RULES,
    "ExplainRuling": _RULES,
    # preferences
    "CompareCandidates": _WORKS,
    "RankCandidates": _WORKS,
    "RateCandidate": _WORKS,
    "CreateRankingTask": _LEAD,
    "ChangeRankingTask": _LEAD,
    # review
    "PinComment": _REVIEWS,
    "ResolvePin": _REVIEWS,
    "ReturnCase": _REVIEWS,
    "PassCase": _REVIEWS,
    "AnswerPin": _DRAWS,
    # the project
    "OfferProposals": _RULES,
    "SaveRule": _LEAD,
    "SwitchRule": _LEAD,
    "DeleteRule": _LEAD,
    "TieRules": _LEAD,
    "KeepRuleRun": _LEAD,
    "WithdrawProposals": _RULES,
    "AssignSplits": _LEAD,
    "StartRound": _LEAD,
    "LabelByTeacher": _LEAD,
    "JudgeStudent": _LEAD,
    "OfferModelResult": _LEAD,
    "SetHelpPlan": _LEAD,
    "RegisterImages": _LEAD,
    "AddSchema": _LEAD,
    "ChooseSchema": _LEAD,
    "UseSchema": _LEAD,
    "AddReader": _LEAD,
    "ChangeRole": _LEAD,
    "ChangeProjectSetting": _LEAD,
    "RecordMerge": _LEAD,
    "SettleConflict": _RULES,
    "CreateBatch": _LEAD,
    "ChangeBatch": _LEAD,
    "RemoveBatch": _LEAD,
    "RecordPackage": _LEAD,
    "TagCases": _LEAD,
    "LabelMadeImage": _LEAD,
    "MakeGold": _RULES,
    "RemoveGold": _RULES,
    # notes that change no row
    "RecordExport": _ALL,
    "ShowReaderNames": _SEES,
    "JudgeLabel": _LEAD | {Role.ADJUDICATOR, Role.REVIEWER},
    "RecordPassword": frozenset(),  # these two are written where it happens, never on request
    "RecordSignIn": frozenset(),
}


def may(role: Role, command_name: str) -> bool:
    """Whether this role may give this command."""
    return role in MATRIX.get(command_name, _LEAD)


def check(reader: Reader, command: Command) -> None:
    """AccessProblem where this reader's role does not allow the command."""
    check_name(reader, type(command).__name__, command.title)


def check_name(reader: Reader, command_name: str, title: str = "") -> None:
    """The same by the command's name, as the log tells it."""
    if may(reader.role, command_name):
        return
    detail = f"{title}." if title else ""
    if reader.role is Role.AUDITOR:
        raise AccessProblem("An auditor reads and changes nothing.", detail)
    allowed = MATRIX.get(command_name, _LEAD)
    who = " or ".join(r.value for r in Role if r in allowed) or "nobody"
    title = f"As {reader.role.value} you may not do this."
    raise AccessProblem(title, detail, f"It is for: {who}.")
