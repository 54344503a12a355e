"""How it looks: pictures of scenes, flows and policies.

Nothing here knows the cluster or kubectl. Input is a :class:`Scene`, a flow, a policy or
plain values; output is a :class:`Picture`. All colors live in ``theme``, all
escaping in ``markup``, the frame around every picture in ``card``.
"""
