#!/bin/sh
# From nothing to the app in production, offline: what `make demo` runs. The commands are shown as they can be typed
# in a copy of sample-lambda, with crosslane and the AWS CLI on the PATH.
set -eu

sample=$(CDPATH='' cd -- "$(dirname -- "$0")/sample-lambda" && pwd)
folder=$(mktemp -d "${TMPDIR:-/tmp}/crosslane-demo.XXXXXX")

finish() {
    code=$?
    trap '' INT TERM HUP
    cd "$folder/pipeline" && crosslane sandbox stop >/dev/null || true
    cd / && rm -rf "$folder"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The person's own settings, and a sandbox that they keep, are neither used nor touched.
mkdir "$folder/home"
export HOME="$folder/home" XDG_STATE_HOME="$folder/state" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=Demo GIT_AUTHOR_EMAIL=demo@example.com
export GIT_COMMITTER_NAME=Demo GIT_COMMITTER_EMAIL=demo@example.com

# Shows a command and runs it, in this shell.
type_() {
    if [ -t 1 ]; then printf '\n\033[1m$ %s\033[0m\n' "$1"; else printf '\n$ %s\n' "$1"; fi
    eval "$1"
}

push_with_git() {
    type_ 'cd app && git init -q && git checkout -q -b main'
    type_ 'git add -A && git commit -q -m "A converter of temperatures"'
    type_ 'git push -q "$AWS_ENDPOINT_URL/v1/repos/sample-lambda" main && cd ..'
}

# On a machine without git: the same commit through CodeCommit's API.
push_with_the_api() {
    printf '\nThere is no git here: the app is committed by CreateCommit of CodeCommit.\n'
    AWS_PROFILE=dev python3 - <<'PYTHON'
import pathlib
from botocore.session import get_session

app = pathlib.Path("app")
files = sorted(file for file in app.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
get_session().create_client("codecommit").create_commit(
    repositoryName="sample-lambda",
    branchName="main",
    commitMessage="A converter of temperatures",
    putFiles=[{"filePath": file.relative_to(app).as_posix(), "fileContent": file.read_bytes()} for file in files],
)
PYTHON
}

cp -R "$sample" "$folder/pipeline"
cd "$folder/pipeline"
type_ 'crosslane sandbox start --detach'
type_ 'eval "$(crosslane sandbox env)"'
type_ 'crosslane up --sandbox'
if command -v git >/dev/null; then push_with_git; else push_with_the_api; fi
type_ 'crosslane status --sandbox --follow --approve'
type_ 'crosslane sandbox invoke Function --account prod --payload '\''{"rawPath": "/"}'\'' |
    python3 -c '\''import json, sys; print(json.load(sys.stdin)["body"])'\'''
type_ 'crosslane sandbox stop'
