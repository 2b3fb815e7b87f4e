"""Readers, roles, passwords, signatures and working time on the command line."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from desktop.commands.access import ChangeProjectSetting
from desktop.domain.account import CHOICES, SettingKey
from desktop.domain.errors import UserError
from desktop.domain.task import Reader, Role
from desktop.domain.time_span import TimeState
from desktop.workspace.schemas.closing import take_defaults
from desktop.workspace.workspace import Workspace

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]


def add_reader_commands(add: Add, opened: Open) -> None:
    """Declare the subcommands; ``opened`` opens and signs in from the shared arguments."""

    def with_project(
        handler: Callable[[argparse.Namespace, Workspace], int], read_only: bool = False
    ) -> Handler:
        def run(chosen: argparse.Namespace) -> int:
            with opened(chosen, read_only=read_only) as workspace:
                return handler(chosen, workspace)

        return run

    add("readers", with_project(readers, True), "List readers, roles and what is asked of them.")
    adding = add("add-reader", with_project(add_reader), "Add a reader; only the lead may.")
    adding.add_argument("name")
    adding.add_argument("--role", choices=[r.value for r in Role], default=Role.READER.value)
    _new_password(adding)
    changing = add("role", with_project(role), "Give a reader another role; only the lead may.")
    changing.add_argument("name")
    changing.add_argument("role", choices=[r.value for r in Role])
    securing = add("password", with_project(password), "Set one's own or, as lead, a password.")
    securing.add_argument("--of", default="", metavar="NAME", help="else one's own")
    securing.add_argument("--remove", action="store_true", help="sign in by name again")
    _new_password(securing)
    asking = add("ask", with_project(ask), "Decide what the project asks of its readers.")
    asking.add_argument("key", choices=[k.value for k in SettingKey])
    asking.add_argument("value", choices=sorted({v for c in CHOICES.values() for v in c}))
    signing = add("sign", with_project(sign), "Hand a case in with a signature.")
    signing.add_argument("case", type=int, help="its number in the work list")
    signing.add_argument("--meaning", required=True, help="what the signature stands for")
    words = "Tell the working time by reader and case, in seconds."
    timing = add("time", with_project(time, True), words)
    timing.add_argument("--by-tool", action="store_true", help="and by the tool in hand")


def sign_in(workspace: Workspace, name: str, password_file: Path | None) -> Workspace:
    """Sign in where the project or the reader asks for a password; closes it where that fails."""
    if not workspace.accounts.is_signed_in:
        try:
            workspace.sign_in(name, secret(password_file, "READINGROOM_PASSWORD"))
        except UserError:
            workspace.close()
            raise
    return workspace


def secret(path: Path | None, variable: str) -> str:
    """From a file or the environment, never from the command line, where others see it."""
    if path is not None:
        with contextlib.suppress(OSError):
            return path.read_text(encoding="utf-8").strip()
        raise UserError("The file with the password can't be read.")
    return os.environ.get(variable, "")


# --- one function per command


def readers(_chosen: argparse.Namespace, workspace: Workspace) -> int:
    for line in workspace.accounts.lines():
        has = "password" if line.has_password else "no password"
        print(f"{line.reader.pseudonym} {line.reader.role.value:11} {has:12} {line.name}")
    for key in SettingKey:
        print(f"{key.value}: {workspace.accounts.setting(key)}")
    return 0


def add_reader(chosen: argparse.Namespace, workspace: Workspace) -> int:
    new = secret(chosen.new_password_file, "READINGROOM_NEW_PASSWORD")
    added = workspace.accounts.add_reader(workspace.reader, chosen.name, Role(chosen.role), new)
    print(f"{added.pseudonym}: added as {added.role.value}.")
    return 0


def role(chosen: argparse.Namespace, workspace: Workspace) -> int:
    found = _reader(workspace, chosen.name)
    workspace.accounts.change_role(found.id, Role(chosen.role))
    print(f"{found.pseudonym}: {chosen.role}.")
    return 0


def password(chosen: argparse.Namespace, workspace: Workspace) -> int:
    acting = workspace.reader
    found = _reader(workspace, chosen.of) if chosen.of else acting
    old = secret(chosen.password_file, "READINGROOM_PASSWORD")
    if chosen.remove:
        workspace.accounts.remove_password(acting, found.id, old)
        print(f"{found.pseudonym}: signs in by name.")
        return 0
    new = secret(chosen.new_password_file, "READINGROOM_NEW_PASSWORD")
    workspace.accounts.set_password(acting, found.id, new, old)
    print(f"{found.pseudonym}: the password is set.")
    return 0


def ask(chosen: argparse.Namespace, workspace: Workspace) -> int:
    workspace.run(ChangeProjectSetting(key=SettingKey(chosen.key), value=chosen.value))
    print(f"{chosen.key}: {chosen.value}")
    return 0


def sign(chosen: argparse.Namespace, workspace: Workspace) -> int:
    lines = workspace.cases(chosen.case - 1, 1) if chosen.case > 0 else []
    if not lines:
        raise UserError("There is no such case.", f"{chosen.case} of {workspace.case_count()}.")
    case_id = lines[0].case.id
    typed = secret(chosen.password_file, "READINGROOM_PASSWORD")
    asked = workspace.accounts.setting(SettingKey.SIGNATURES) == "password"
    take_defaults(workspace, case_id)
    workspace.sign_case(case_id, chosen.meaning, typed if asked else "")
    signed = workspace.signature(case_id)
    assert signed is not None
    print(f"{lines[0].case.title}: signed {signed.time_utc}, content {signed.content_sha256[:16]}")
    return 0


def time(chosen: argparse.Namespace, workspace: Workspace) -> int:
    names = {line.reader.id: line.name for line in workspace.accounts.lines()}
    rows = (
        workspace.time_by_tool()
        if chosen.by_tool
        else [(r, c, "", state, seconds) for r, c, state, seconds in workspace.time_by_reader()]
    )
    sums: dict[tuple[str, str, str], dict[TimeState, float]] = {}
    for reader_id, case_id, tool, state, seconds in rows:
        sums.setdefault((reader_id, case_id, tool), {})[state] = seconds
    heads = ["reader", "case", *(["tool"] if chosen.by_tool else []), *(s.value for s in TimeState)]
    print("\t".join(heads))
    for (reader_id, case_id, tool), by_state in sums.items():
        number = workspace.case_position(case_id) + 1
        cells = [names.get(reader_id) or reader_id[:6], str(number)]
        cells += [tool or "-"] if chosen.by_tool else []
        print("\t".join([*cells, *(f"{by_state.get(s, 0):.1f}" for s in TimeState)]))
    return 0


def _reader(workspace: Workspace, name: str) -> Reader:
    found = workspace.accounts.known(name)
    if found is None:
        raise UserError("There is no reader of this name.", name)
    return found


def _new_password(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--new-password-file", type=Path, help="else from READINGROOM_NEW_PASSWORD")
