"""Model files at work: what goes in, what comes out, and the child process they run in.

May import: imaging, domain; onnxruntime on the child side only.
Deliberately absent: Qt, the store, and any say in what becomes a label.
"""
