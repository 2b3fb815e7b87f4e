"""The database: tables, transaction, event log, blobs, verification. The only SQLAlchemy.

May import: domain. Only workspace may import this room.
Deliberately absent: who may do what (workspace), what may change (commands), pixels.
"""
