"""``kubectl patch``."""

from __future__ import annotations

from netpol_lab.kubectl import merge
from netpol_lab.kubectl import writing as changes
from netpol_lab.kubectl.failure import Failure, from_server
from netpol_lab.kubectl.file_arguments import patched_item
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
    if way is merge.json_patch and not isinstance(patch, list):
        frame = "error decoding patch: json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp"
        raise from_server("BadRequest", frame.format(_go_kind(patch)))
    if way is not merge.json_patch and not isinstance(patch, dict):
        frame = "json: cannot unmarshal {} into Go value of type map[string]interface {{}}"
        raise from_server("BadRequest", frame.format(_go_kind(patch)))
    found = chosen(call, call.args)
    for kind, body in found.objects:
        try:
            new = way(body, patch)
        except merge.PatchError as error:
            words = "The request is invalid: the server rejected our request due to an error in our request"
            raise Failure(words, prefix="", hints=[str(error)]) from None
        sent = patch if isinstance(patch, dict) else None
        after, changed = changes.replace(call, kind, body, new, patched_item(call, new, body), sent)
        print_change(call, kind, after, "patched" if changed else "patched (no change)")
    return call.report(found.failures)


def _go_kind(value: object) -> str:
    """What Go's JSON decoder calls a value."""
    names = {dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number"}
    return names.get(type(value), "null")
