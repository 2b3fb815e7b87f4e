"""Reading a case: the bridge to the workspace, the reading page and its panels."""
