"""``kubectl patch``."""

from __future__ import annotations

from netpol_lab.kubectl import merge
from netpol_lab.kubectl import writing as changes
from netpol_lab.kubectl.failure import Failure, from_server
from netpol_lab.kubectl.lookup import check_given, chosen
from netpol_lab.kubectl.output import print_change, split_format
from netpol_lab.kubectl.session import Call

_WAYS = {"strategic": merge.strategic_patch, "merge": merge.merge_patch, "json": merge.json_patch}


def run(call: Call) -> int:
    """Change fields of objects by a patch: strategic (as ``apply`` merges), merge, or JSON."""
    import yaml

    split_format(call, table_allowed=False)
    text = call.flag("patch")
    if not text:
        raise Failure("must specify --patch or --patch-file containing the contents of the patch")
    check_given(call, call.args)
    way = _WAYS.get(call.flag("type"))
    if way is None:
        raise Failure(f'--type must be one of [json merge strategic], not "{call.flag("type")}"')
    try:
        patch = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise Failure(f"unable to parse {text!r}: {str(error).splitlines()[0]}") from None
    wanted = list if way is merge.json_patch else dict
    if not isinstance(patch, wanted):
        raise from_server("BadRequest", f"the patch is not {'a list' if wanted is list else 'an object'}: {text}")
    found = chosen(call, call.args)
    for kind, body in found.objects:
        try:
            new = way(body, patch)
        except merge.PatchError as error:
            raise from_server(
                "Invalid", f"the server rejected our request due to an error in our request: {error}"
            ) from None
        after, changed = changes.replace(call, kind, body, new)
        print_change(call, kind, after, "patched" if changed else "patched (no change)")
    return call.report(found.failures)
