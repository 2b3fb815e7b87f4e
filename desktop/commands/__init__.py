"""Every change that the application can make, one class each, named VerbNoun.

May import: domain. Deliberately absent: undo methods (the log restores the befores), files, SQL.
"""
