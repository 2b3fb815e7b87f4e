"""Reading Room: the offline annotation workstation for experts.

The rooms, top to bottom (imports go downward only, see ``pyproject.toml``):
``gui`` > ``workspace`` > ``api`` > ``interaction | engines | exchange`` >
``commands | imaging | store`` > ``domain``.
"""
