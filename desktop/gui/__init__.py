"""Qt lives here and nowhere else: the window, its pages, the canvas, one bridge to workspace.

May import: workspace, interaction and what lies under them, never store.
Deliberately absent: writes other than ``workspace.run``, threads, decoding.
"""

from desktop.gui import singletons

singletons.keep()  # before the first Qt call
