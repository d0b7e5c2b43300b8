"""The pytest plugin: the fixtures ``aws`` and ``aws_sandbox``, the marker ``aws``, and the settings ``crosslane_…``.

Every project that has crosslane installed loads this module, so it imports nothing but pytest until a fixture is asked
for. Guide: docs/testing-with-the-sandbox.md.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from crosslane.sandbox.testing import Document, Sandbox

MARKER = "aws(accounts=, region=, enforce=, account=, scps=, rcps=): what the fixture aws is like in this test"
_OF_SANDBOX = ("accounts", "region", "enforce")
_OF_TEST = ("account", "scps", "rcps")
_MOST_SHOWN = 10
_OTHERS_KEPT = 2

_used = pytest.StashKey["Sandbox"]()
_kept = pytest.StashKey["_Sandboxes"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The settings, for the section of pytest in pyproject.toml, pytest.ini, tox.ini or setup.cfg."""
    parser.addini("crosslane_accounts", "accounts of the AWS sandbox, a line each: NAME = 12 DIGITS", "linelist", [])
    parser.addini("crosslane_region", "region of the AWS sandbox", default="")
    parser.addini("crosslane_enforce", "whether the AWS sandbox enforces IAM", "bool", True)
    parser.addini(
        "crosslane_early",
        "start the AWS sandbox before test modules are imported, for clients made then",
        "bool",
        False,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", MARKER)


def pytest_sessionstart(session: pytest.Session) -> None:
    """With ``crosslane_early`` the environment is the sandbox's from here to the end of the session."""
    config = session.config
    # Under xdist only workers run tests.
    distributes = bool(getattr(config.option, "numprocesses", None)) and not hasattr(config, "workerinput")
    if config.getini("crosslane_early") and not distributes and not config.option.collectonly:
        sandboxes = _sandboxes(config)
        sandboxes.stack.enter_context(sandboxes.own.acting_as(next(iter(sandboxes.own.accounts))))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends whatever was started."""
    kept = config.stash.get(_kept, None)
    if kept is not None:
        kept.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Shows what was denied below a test that failed."""
    report: Any = yield
    aws = item.stash.get(_used, None)
    if aws is not None and report.failed:
        denials = aws.denials() if aws.running else ()
        shown = [str(one) for one in denials[-_MOST_SHOWN:]]
        if len(denials) > len(shown):
            shown.insert(0, f"… {len(denials) - len(shown)} more before")
        if shown:
            report.sections.append(("Denied by the AWS sandbox", "\n".join(shown)))
    return report


@pytest.fixture(scope="session")
def aws_sandbox(pytestconfig: pytest.Config) -> Sandbox:
    """The sandbox of this run (with pytest-xdist, of this worker), started when first asked for. What one test leaves
    in it the next one finds; ``aws`` is the fixture that sets it back."""
    return _sandboxes(pytestconfig).own


@pytest.fixture
def aws(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Iterator[Sandbox]:
    """An AWS as new for this test: several accounts, IAM enforced, nothing in it.

    The AWS variables of the environment are the sandbox's meanwhile, so that clients that the code under test makes
    reach it and nothing else, as administrator of the first account or of the marker's ``account``. Which accounts
    there are: the marker ``aws``, else the settings, else ``main`` and ``other``.
    """
    wanted = _wanted(request.node)
    aws = _sandboxes(pytestconfig).of(wanted)
    account = wanted.get("account") or next(iter(aws.accounts))
    if account not in aws.accounts:
        pytest.fail(f"the marker aws names an account {account!r} that the sandbox does not have", pytrace=False)
    with aws.acting_as(account):
        for document, where in _policies(wanted.get("scps", ())):
            aws.attach_scp(document, where)
        for document, where in _policies(wanted.get("rcps", ())):
            aws.attach_rcp(document, where)
        request.node.stash[_used] = aws
        yield aws


class _Sandboxes:
    """The sandboxes of a run: one as the settings say, and the last few that markers asked for."""

    def __init__(self, config: pytest.Config) -> None:
        self.stack = ExitStack()
        self._settings = _settings(config)
        self._own: Sandbox | None = None
        self._others: dict[str, Sandbox] = {}

    @property
    def own(self) -> Sandbox:
        """As the settings say."""
        if self._own is None:
            self._own = _start(self._settings)
        return self._own

    def of(self, wanted: Mapping[str, Any]) -> Sandbox:
        """One that is as wanted, set back to its start."""
        settings = {**self._settings, **{name: wanted[name] for name in _OF_SANDBOX if name in wanted}}
        if settings == self._settings:
            fresh = self._own is None
            aws = self.own
        else:
            key = repr(settings)
            fresh = key not in self._others
            # The one used last goes to the end.
            aws = self._others[key] = _start(settings) if fresh else self._others.pop(key)
            while len(self._others) > _OTHERS_KEPT:
                self._others.pop(next(iter(self._others))).stop()
        if not fresh:
            _set_back(aws)
        return aws

    def stop(self) -> None:
        """Ends all of them."""
        self.stack.close()
        for aws in (self._own, *self._others.values()):
            if aws is not None:
                aws.stop()
        self._own, self._others = None, {}


def _sandboxes(config: pytest.Config) -> _Sandboxes:
    if _kept not in config.stash:
        config.stash[_kept] = _Sandboxes(config)
    return config.stash[_kept]


def _set_back(aws: Sandbox) -> None:
    """As new; what a test stopped or killed is started again."""
    from crosslane.errors import CrosslaneError

    try:
        aws.reset()
    except CrosslaneError:
        aws.stop()
        aws.start()


def _start(settings: Mapping[str, Any]) -> Sandbox:
    from crosslane.errors import CrosslaneError
    from crosslane.sandbox.testing import Sandbox

    try:
        aws = Sandbox(**settings)
        aws.start()
    except CrosslaneError as error:
        pytest.fail(error.message + (f"; next: {error.next}" if error.next else ""), pytrace=False)
    return aws


def _settings(config: pytest.Config) -> dict[str, Any]:
    """The settings as what ``Sandbox`` takes."""
    found: dict[str, Any] = {"enforce": config.getini("crosslane_enforce")}
    accounts: dict[str, str] = {}
    for line in config.getini("crosslane_accounts"):
        name, equals, digits = line.replace(":", "=").partition("=")
        if not equals:
            raise pytest.UsageError(f"crosslane_accounts: {line!r} is not NAME = 12 DIGITS")
        accounts[name.strip()] = digits.strip()
    if accounts:
        found["accounts"] = accounts
    if region := config.getini("crosslane_region"):
        found["region"] = region
    return found


def _wanted(item: pytest.Item) -> dict[str, Any]:
    """What the test's markers say; the nearest one counts, word by word."""
    wanted: dict[str, Any] = {}
    for marker in item.iter_markers("aws"):
        unknown = [*(str(one) for one in marker.args), *(set(marker.kwargs) - {*_OF_SANDBOX, *_OF_TEST})]
        if unknown:
            pytest.fail(f"the marker aws does not take {', '.join(unknown)}; it is {MARKER}", pytrace=False)
        for name, value in marker.kwargs.items():
            wanted.setdefault(name, value)
    return wanted


def _policies(given: Sequence[Document] | Mapping[str, Any]) -> Iterator[tuple[Document, str | None]]:
    """Each policy and the account that it is for: a list is for all accounts, a mapping has them by account."""
    if not isinstance(given, Mapping):
        yield from ((document, None) for document in given)
        return
    if "Statement" in given:
        yield given, None
        return
    for account, documents in given.items():
        listed = [documents] if isinstance(documents, str | Mapping) else documents
        yield from ((document, account) for document in listed)
