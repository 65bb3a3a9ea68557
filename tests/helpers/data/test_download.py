"""Finding a data set: every way to it, and everything that can go wrong on the way."""

import errno
import gzip
import hashlib
import io
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from PIL import Image

from helpers import samples
from helpers.data import catalog, download
from helpers.data.catalog import Archive, DataSet, Split, dataset
from helpers.data.download import Located
from helpers.data.pictures import list_pictures
from helpers.environment import PROJECT
from helpers.messages import NotAvailable

PATIENCE = 30  # seconds after which a test that waits for another process gives up


def find_data(
    wanted: DataSet | str, source: str, folder: Path, mirror: Path | None = None
) -> Located:
    """Find a data set where COURSE_MIRROR names this mirror folder."""
    with pytest.MonkeyPatch.context() as patch:
        if mirror:
            patch.setenv("COURSE_MIRROR", str(mirror))
        return download.find_data(wanted, source, folder)


class Web:
    """A web server on this machine: serves `files`, keeps a list of what was fetched."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.promised: dict[str, int] = {}  # a Content-Length other than the true one
        self.without_end: dict[str, tuple[bytes, float]] = {}  # what is repeated, and the pause
        self.encoding: dict[str, str] = {}  # a Content-Encoding
        self.chunked = False  # what has no end comes in chunks
        self.opening = b""  # what comes before it
        self.redirect: dict[str, str] = {}  # where to go instead, from what has no end
        self.sent = 0  # bytes of what has no end
        self.fetched: list[str] = []
        self.arrived = threading.Event()  # somebody has asked for a file
        self.gate = threading.Event()  # closed: answers half of a file, then waits
        self.gate.set()
        web = self

        class Handler(BaseHTTPRequestHandler):
            def start(self) -> bytes | None:
                body = web.files.get(self.path)
                if body is None:
                    self.send_error(404)
                    return None
                self.send_response(200)
                if self.path in web.encoding:
                    self.send_header("Content-Encoding", web.encoding[self.path])
                self.send_header("Content-Length", str(web.promised.get(self.path, len(body))))
                self.end_headers()
                return body

            def do_GET(self) -> None:
                web.fetched.append(self.path)
                if self.path in web.without_end:
                    self.go_on(*web.without_end[self.path])
                    return
                body = self.start()
                if body is not None:
                    half = len(body) // 2
                    self.wfile.write(body[:half])
                    web.arrived.set()
                    web.gate.wait(PATIENCE)
                    self.wfile.write(body[half:])

            def go_on(self, piece: bytes, pause: float) -> None:
                """Send a piece again and again: 50 MB of it, or until the gate is closed."""
                self.send_response(302 if self.path in web.redirect else 200)
                if self.path in web.redirect:
                    self.send_header("Location", web.redirect[self.path])
                if web.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(web.opening)
                while web.sent < 50_000_000 and web.gate.is_set():
                    self.wfile.write(piece)
                    web.sent += len(piece)
                    time.sleep(pause)

            def log_message(self, *_) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_) -> None:  # a killed client is part of the tests
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.gate.set()
        self.sent = 50_000_000
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def web():
    server = Web()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def drawn(monkeypatch):
    """Stand-in for the drawing of samples, which takes longer than these tests should."""

    def draw_samples(name: str, folder: Path) -> Path:
        put_pictures(folder, ["rps/paper/drawn.png"])
        return folder

    monkeypatch.setattr(samples, "draw_samples", draw_samples)


def make_picture(value: int = 0) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), (value, 0, 0)).save(stream, "PNG")
    return stream.getvalue()


def make_zip(names: list[str], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as bundle:
        for number, name in enumerate(names):
            bundle.writestr(name, make_picture(number))
    return stream.getvalue()


TRAIN_NAMES = [f"rps/{kind}/{kind}-{n}.png" for kind in ("paper", "rock") for n in range(2)]
TEST_NAMES = ["rps-test-set/paper/a.png", "rps-test-set/rock/b.png"]
TRAIN_ZIP = make_zip(TRAIN_NAMES)
TEST_ZIP = make_zip(TEST_NAMES)


def as_archive(name: str, body: bytes, addresses: list[str], **changes) -> Archive:
    fields = {"sha256": hashlib.sha256(body).hexdigest(), **changes}
    return Archive(name, tuple(addresses), len(body), **fields)


def tiny(archives: list[Archive], **changes) -> DataSet:
    fields = {
        "name": "tiny",
        "title": "A tiny data set",
        "classes": ("paper", "rock"),
        "layout": "folders",
        "licence": "CC0",
        "source": "https://example.org",
        "splits": (Split("train", "rps", 4), Split("test", "rps-test-set", 2)),
        "archives": tuple(archives),
    }
    return DataSet(**{**fields, **changes})


@pytest.fixture
def served(web) -> DataSet:
    """Two archives that the server has."""
    web.files = {"/rps.zip": TRAIN_ZIP, "/rps-test-set.zip": TEST_ZIP}
    return tiny(
        [
            as_archive("rps.zip", TRAIN_ZIP, [f"http://{web.host}/rps.zip"]),
            as_archive("rps-test-set.zip", TEST_ZIP, [f"http://{web.host}/rps-test-set.zip"]),
        ]
    )


@pytest.fixture
def offline() -> DataSet:
    """The same archives at a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    return tiny(
        [
            as_archive("rps.zip", TRAIN_ZIP, [f"http://{host}/rps.zip"]),
            as_archive("rps-test-set.zip", TEST_ZIP, [f"http://{host}/rps-test-set.zip"]),
        ]
    )


def serve_one(web: Web, body: bytes, **changes) -> DataSet:
    """One archive with the training pictures only."""
    web.files = {"/rps.zip": body}
    archive = as_archive("rps.zip", body, [f"http://{web.host}/rps.zip"], **changes)
    return tiny([archive], splits=(Split("train", "rps", 4),))


def put_pictures(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(make_picture())


def list_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def refuse(wanted: DataSet, folder: Path, mirror: Path | None = None) -> str:
    """Insist on the real pictures in vain; check that nothing half done is left."""
    with pytest.raises(FileNotFoundError) as caught:
        find_data(wanted, "full", folder, mirror)
    assert not [name for name in list_files(folder) if ".partial" in name]
    assert not list(folder.glob("*.partial"))
    return str(caught.value)


# What comes by download


def test_archives_are_fetched_unpacked_and_described(served, tmp_path, capsys):
    found = find_data(served, "full", tmp_path / "data")
    assert (found.kind, found.origin, found.reason) == ("full", "download", "")
    assert found.line == "Data: tiny, 6 real pictures from the download."
    assert found.splits == ("train", "test")
    assert found.split_folder("test") == tmp_path / "data" / "tiny" / "rps-test-set"
    assert list_files(found.folder) == sorted(TRAIN_NAMES + TEST_NAMES)
    picture = found.split_folder("train") / "paper" / "paper-1.png"
    assert picture.read_bytes() == make_picture(1)
    lines = [f"Downloading {a.name}, {a.bytes} bytes, from" for a in served.archives]
    said = capsys.readouterr().out.splitlines()
    assert [a.startswith(b) for a, b in zip(said, lines, strict=True)] == [True, True]


def test_a_second_call_neither_fetches_nor_unpacks_again(served, web, tmp_path):
    find_data(served, "auto", tmp_path)
    fetched = list(web.fetched)
    touched = {path: path.stat().st_mtime_ns for path in (tmp_path / "tiny").rglob("*")}
    found = find_data(served, "auto", tmp_path)
    assert (found.origin, web.fetched) == ("cache", fetched)
    assert {path: path.stat().st_mtime_ns for path in found.folder.rglob("*")} == touched
    assert found.line == "Data: tiny, 6 real pictures from the data folder."


def test_the_second_address_serves_where_the_first_does_not(web, tmp_path):
    wanted = serve_one(web, TRAIN_ZIP)
    addresses = (f"http://{web.host}/gone/rps.zip", f"http://{web.host}/rps.zip")
    archive = Archive("rps.zip", addresses, len(TRAIN_ZIP), wanted.archives[0].sha256)
    found = find_data(tiny([archive], splits=wanted.splits), "full", tmp_path)
    assert found.origin == "download"
    assert web.fetched == ["/gone/rps.zip", "/rps.zip"]


def test_the_second_address_serves_where_the_first_sends_something_else(web, tmp_path):
    wanted = serve_one(web, TRAIN_ZIP)
    web.files["/other/rps.zip"] = b"x" * len(TRAIN_ZIP)
    addresses = (f"http://{web.host}/other/rps.zip", f"http://{web.host}/rps.zip")
    archive = Archive("rps.zip", addresses, len(TRAIN_ZIP), wanted.archives[0].sha256)
    assert find_data(tiny([archive], splits=wanted.splits), "full", tmp_path).origin == "download"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"<html>please log in</html>", f"has 26 bytes instead of {len(TRAIN_ZIP):,}"),
        (b"x" * len(TRAIN_ZIP), "has the wrong checksum"),
    ],
)
def test_another_file_than_expected_is_refused(web, tmp_path, body, complaint):
    wanted = serve_one(web, TRAIN_ZIP)
    web.files["/rps.zip"] = body
    message = refuse(wanted, tmp_path)
    assert f"rps.zip from {web.host} {complaint}" in message
    assert message.endswith(
        f"put rps.zip ({len(TRAIN_ZIP):,} bytes) into {tmp_path.name}/downloads/ and run again."
    )
    assert not (tmp_path / "downloads" / "rps.zip").exists()


def test_a_transfer_that_breaks_off_is_started_anew_by_the_next_run(web, tmp_path):
    wanted = serve_one(web, TRAIN_ZIP)
    web.promised["/rps.zip"] = len(TRAIN_ZIP) + 100
    assert f"the transfer of rps.zip from {web.host} broke off" in refuse(wanted, tmp_path)
    web.promised.clear()
    assert find_data(wanted, "full", tmp_path).origin == "download"


def test_a_server_that_never_ends_is_stopped_at_the_size_in_the_catalog(web, tmp_path):
    wanted = serve_one(web, TRAIN_ZIP)
    web.without_end["/rps.zip"] = (bytes(100_000), 0)
    message = refuse(wanted, tmp_path)
    assert f"{web.host} sends more than the {len(TRAIN_ZIP):,} bytes of rps.zip" in message
    assert web.sent < 20_000_000, "no more than what fits into the sockets' buffers"


@pytest.mark.parametrize("where", ["/rps.zip", "http://[", "file:///etc/passwd", "/old/rps.zip"])
def test_a_redirect_is_followed_without_reading_what_it_says(web, tmp_path, where):
    wanted = serve_one(web, TRAIN_ZIP)
    address = f"http://{web.host}/old/rps.zip"
    moved = as_archive("rps.zip", TRAIN_ZIP, [address])
    web.without_end["/old/rps.zip"], web.redirect["/old/rps.zip"] = (bytes(100_000), 0), where
    wanted = tiny([moved], splits=wanted.splits)
    if where == "/rps.zip":
        assert find_data(wanted, "full", tmp_path).origin == "download"
    else:
        assert f"the transfer of rps.zip from {web.host} broke off" in refuse(wanted, tmp_path)
    assert web.sent < 40_000_000


@pytest.mark.parametrize(
    ("piece", "chunked", "sent"),
    [
        pytest.param(b"x", False, " had sent ", id="content"),
        pytest.param(b"0", True, " had sent 0 of ", id="the size of a chunk"),
        pytest.param(b"1\r\nx\r\n", True, " had sent ", id="chunks"),
        pytest.param(b"x: y\r\n", True, " had sent 1 of ", id="what follows the last chunk"),
    ],
)
def test_a_server_that_trickles_is_given_up(web, tmp_path, monkeypatch, piece, chunked, sent):
    monkeypatch.setattr(download, "FILE_SECONDS", 0.3)
    wanted = serve_one(web, TRAIN_ZIP)
    web.without_end["/rps.zip"], web.chunked = (piece, 0.02), chunked
    if sent == " had sent 1 of ":
        web.opening = b"1\r\nx\r\n0\r\n"
    threading.Timer(5, web.gate.clear).start()
    start = time.monotonic()
    message = refuse(wanted, tmp_path)
    assert time.monotonic() - start < 3
    assert f"{web.host}{sent}" in message and f"{len(TRAIN_ZIP):,} bytes of rps.zip" in message
    assert "after 0 s" in message and message.endswith("downloads/ and run again.")


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip"])
def test_a_transfer_that_is_compressed_on_the_way_is_refused(web, tmp_path, encoding):
    wanted = serve_one(web, TRAIN_ZIP, sha256=None)
    web.files["/rps.zip"] = gzip.compress(bytes(30_000_000))
    web.encoding["/rps.zip"] = encoding
    message = refuse(wanted, tmp_path)
    assert f"{web.host} sends rps.zip compressed once more ({encoding})" in message


def test_a_server_that_calls_a_gz_file_compressed_is_understood(web, tmp_path):
    body = gzip.compress(b"pixels")
    web.files["/images.gz"], web.encoding["/images.gz"] = body, "x-gzip"
    archive = as_archive("images.gz", body, [f"http://{web.host}/images.gz"])
    wanted = tiny([archive], layout="files", splits=(Split("train", "train", 4),))
    found = find_data(wanted, "full", tmp_path)
    assert (found.folder / "images.gz").read_bytes() == body


def test_an_error_page_is_named_once_for_all_addresses(web, tmp_path):
    addresses = [f"http://{web.host}/{number}/rps.zip" for number in range(3)]
    message = refuse(tiny([as_archive("rps.zip", TRAIN_ZIP, addresses)]), tmp_path)
    assert message.count(f"{web.host} answered 404 for rps.zip") == 1


def test_a_certificate_that_does_not_verify_is_named(served, tmp_path, monkeypatch):
    def distrust(*_, **__):
        raise requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED")

    monkeypatch.setattr(requests, "get", distrust)
    assert "its certificate could not be verified" in refuse(served, tmp_path)


# Without a network


def test_offline_auto_falls_back_to_drawn_samples_and_says_why(offline, tmp_path, drawn):
    found = find_data(offline, "auto", tmp_path)
    assert (found.kind, found.origin) == ("samples", "drawn")
    assert found.folder == tmp_path / "samples" / "tiny"
    assert found.line.startswith("Data: drawn sample pictures, because 127.0.0.1:")
    assert found.line.endswith(" could not be reached (connection refused).")


def test_offline_full_says_which_files_to_put_where(offline, tmp_path):
    message = refuse(offline, tmp_path)
    assert "could not be reached (connection refused)" in message
    assert message.endswith(
        f"put rps.zip ({len(TRAIN_ZIP):,} bytes) and rps-test-set.zip ({len(TEST_ZIP):,} bytes) "
        f"into {tmp_path.name}/downloads/ and run again."
    )
    assert str(tmp_path) not in message


def test_a_host_that_does_not_answer_is_asked_once_and_not_for_long(tmp_path, monkeypatch):
    lookups = []
    silence = threading.Event()

    def look_up(host, *_, **__):
        lookups.append(host)
        silence.wait(PATIENCE)
        raise socket.gaierror("no answer")

    monkeypatch.setattr(download, "HOST_SECONDS", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    addresses = [f"http://far.away/{number}/rps.zip" for number in range(3)]
    message = refuse(tiny([as_archive("rps.zip", TRAIN_ZIP, addresses)]), tmp_path)
    silence.set()
    assert "far.away could not be reached (no answer in time); put" in message
    assert lookups == ["far.away"]


def test_a_name_that_is_not_known_is_named(tmp_path, monkeypatch):
    def look_up(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    wanted = tiny([as_archive("rps.zip", TRAIN_ZIP, ["https://far.away/rps.zip"])])
    assert "far.away could not be reached (its name was not found)" in refuse(wanted, tmp_path)


# Runs that were killed, and runs at the same time


def start_run(wanted: DataSet, folder: Path) -> subprocess.Popen:
    code = (
        "from pathlib import Path\n"
        "from helpers.data.catalog import Archive, DataSet, Split\n"
        "from helpers.data.download import find_data\n"
        f"print(find_data({wanted!r}, 'full', Path({str(folder)!r})).line, flush=True)\n"
    )
    command = [sys.executable, "-u", "-c", code]
    return subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def test_a_run_that_is_killed_leaves_nothing_that_looks_complete(served, web, tmp_path):
    web.gate.clear()
    with start_run(served, tmp_path) as killed:
        assert web.arrived.wait(PATIENCE)
        killed.kill()
    assert (tmp_path / "downloads" / "rps.zip.partial").exists()
    assert not (tmp_path / "downloads" / "rps.zip").exists()
    assert not (tmp_path / "tiny").exists()
    web.gate.set()
    assert find_data(served, "full", tmp_path).origin == "download"
    assert not list(tmp_path.rglob("*.partial"))


def test_what_a_killed_unpacking_left_is_cleared_away(served, tmp_path):
    put_pictures(tmp_path / "tiny.partial", [*TRAIN_NAMES, *TEST_NAMES, "rps/paper/old.png"])
    found = find_data(served, "full", tmp_path)
    assert list_files(found.folder) == sorted(TRAIN_NAMES + TEST_NAMES)
    assert not (tmp_path / "tiny.partial").exists()


def test_what_a_killed_unpacking_left_is_not_taken_for_the_data(offline, tmp_path, drawn):
    put_pictures(tmp_path / "tiny.partial", TRAIN_NAMES + TEST_NAMES)
    assert find_data(offline, "auto", tmp_path).kind == "samples"


def test_two_processes_at_once_fetch_once(served, web, tmp_path):
    web.gate.clear()
    with start_run(served, tmp_path) as first:
        assert web.arrived.wait(PATIENCE)
        with start_run(served, tmp_path) as second:
            assert second.stdout.readline().startswith("Another run is fetching the same data")
            web.gate.set()
            assert second.stdout.read() == "Data: tiny, 6 real pictures from the data folder.\n"
        assert "from the download." in first.stdout.read()
    assert web.fetched == ["/rps.zip", "/rps-test-set.zip"]


def test_many_threads_at_once_fetch_once(served, web, tmp_path):
    lines = []
    threads = [
        threading.Thread(target=lambda: lines.append(find_data(served, "full", tmp_path).line))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(lines) == 4 and web.fetched == ["/rps.zip", "/rps-test-set.zip"]


# Files placed by hand, and the data folder


def test_files_placed_by_hand_are_used(offline, tmp_path):
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "rps.zip").write_bytes(TRAIN_ZIP)
    assert "put rps-test-set.zip (" in refuse(offline, tmp_path)
    (tmp_path / "downloads" / "rps-test-set.zip").write_bytes(TEST_ZIP)
    found = find_data(offline, "full", tmp_path)
    assert (found.origin, found.splits) == ("cache", ("train", "test"))


@pytest.mark.parametrize("body", [TRAIN_ZIP[:-1], b"x" * len(TRAIN_ZIP)])
def test_a_wrong_file_placed_by_hand_is_reported_and_left_alone(served, web, tmp_path, body):
    placed = tmp_path / "downloads" / "rps.zip"
    placed.parent.mkdir()
    placed.write_bytes(body)
    message = refuse(served, tmp_path)
    assert f"{tmp_path.name}/downloads/rps.zip has " in message and "move it away" in message
    assert placed.read_bytes() == body
    assert "/rps.zip" not in web.fetched


def test_an_incomplete_data_folder_is_neither_used_nor_touched(served, tmp_path):
    put_pictures(tmp_path / "tiny", TRAIN_NAMES[:3] + TEST_NAMES)
    message = refuse(served, tmp_path)
    assert f"{tmp_path.name}/tiny is incomplete, split train (rps) has 3 of 4 pictures" in message
    assert message.endswith(f"move {tmp_path.name}/tiny away and run again.")
    assert list_files(tmp_path / "tiny") == sorted(TRAIN_NAMES[:3] + TEST_NAMES)


def test_too_little_disk_is_said_before_anything_is_fetched(served, web, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    needed = 2 * (len(TRAIN_ZIP) + len(TEST_ZIP))
    message = refuse(served, tmp_path)
    assert f"has 100 bytes free where {needed:,} are needed" in message
    assert "put rps.zip" in message
    assert web.fetched == []


def test_a_disk_that_fills_up_while_unpacking_is_said(served, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", fail)
    assert "are unavailable: the disk is full;" in refuse(served, tmp_path)
    monkeypatch.undo()
    assert find_data(served, "full", tmp_path).origin == "cache"


def test_a_data_folder_that_cannot_be_written_is_said(served, tmp_path):
    (tmp_path / "data").write_text("a file, not a folder")
    with pytest.raises(FileNotFoundError, match="could not be used"):
        find_data(served, "full", tmp_path / "data")


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """The system's temporary folder, for this test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def block_data(data: Path) -> str:
    data.write_text("a file, not a folder")
    return "move the file data away"


def block_downloads(data: Path) -> str:
    data.mkdir()
    (data / "downloads").symlink_to("nowhere")
    return "move the file data/downloads away"


def block_by_a_link(data: Path) -> str:
    data.mkdir()
    (data / "tiny").symlink_to("nowhere")
    return "data/tiny is a link that leads nowhere; move data/tiny away"


def block_archive(data: Path) -> str:
    (data / "downloads" / "rps.zip").mkdir(parents=True)
    return "data/downloads/rps.zip is not a file (move it away to have it downloaded); put rps.zip"


def block_lock(data: Path) -> str:
    (data / "downloads" / ".tiny.lock").mkdir(parents=True)
    return ".tiny.lock could not be used (Is a directory); put rps.zip"


BLOCKS = [block_data, block_downloads, block_by_a_link, block_archive, block_lock]


@pytest.mark.parametrize("block", BLOCKS)
def test_what_stands_in_the_way_is_said_before_anything_is_fetched(
    served, web, tmp_path, temporary, drawn, block
):
    said = block(tmp_path / "data")
    message = refuse(served, tmp_path / "data")
    assert said in message and web.fetched == []
    assert message.count("could not be used") <= 1, "each reason is said once"
    found = find_data(served, "auto", tmp_path / "data")
    assert found.kind == "samples" and found.splits == ("train",)
    assert found.folder.is_relative_to(temporary) == (block is block_data)


def test_samples_go_to_the_temporary_folder_where_the_data_folder_is_of_no_use(
    offline, tmp_path, temporary, drawn
):
    (tmp_path / "data").write_text("a file, not a folder")
    found = find_data(offline, "samples", tmp_path / "data")
    assert found.line == (
        "Data: drawn sample pictures, because they were asked for; paper could not be used (Not a "
        "directory), so they are in the system's temporary folder."
    )
    (path,) = [path for path in found.folder.rglob("*") if path.is_file()]
    assert path.is_relative_to(temporary)
    (tmp_path / "data").unlink()
    assert find_data(offline, "samples", tmp_path / "data").folder.is_relative_to(tmp_path / "data")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES])
def test_a_disk_that_takes_nothing_costs_no_lesson(
    served, tmp_path, temporary, monkeypatch, number
):
    def draw_samples(name: str, folder: Path) -> Path:
        if full in folder.parents:
            raise OSError(number, os.strerror(number))
        put_pictures(folder, ["rps/paper/drawn.png"])
        return folder

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    full = tmp_path / "data"
    monkeypatch.setattr(samples, "draw_samples", draw_samples)
    monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(FileNotFoundError) as refused:
        find_data(served, "full", full)
    reason = str(refused.value)
    assert ("the disk is full" in reason) == (number in (errno.ENOSPC, errno.EDQUOT))
    assert "None" not in reason
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(samples, "draw_samples", draw_samples)
    assert find_data(served, "samples", full).folder.is_relative_to(temporary)
    full = tmp_path  # and so is the temporary folder
    with pytest.raises(
        NotAvailable, match=r"they were asked for; .*: free some space, and run again"
    ):
        find_data(served, "samples", tmp_path / "data")


@pytest.mark.parametrize("place", ["data/downloads", "mirror"])
def test_an_archive_that_cannot_be_read_is_a_reason(offline, tmp_path, monkeypatch, drawn, place):
    def refuse_to_read(file: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(file))

    (tmp_path / "mirror").mkdir()
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    (tmp_path / place / "rps.zip").write_bytes(TRAIN_ZIP)
    monkeypatch.setattr(catalog, "_sha256", refuse_to_read)
    message = refuse(offline, tmp_path / "data", tmp_path / "mirror")
    assert "rps.zip cannot be read (Permission denied)" in message
    assert "put rps.zip (" in message
    found = find_data(offline, "auto", tmp_path / "data", tmp_path / "mirror")
    assert found.kind == "samples"


def test_class_folders_that_cannot_be_read_are_a_reason(served, web, tmp_path, monkeypatch, drawn):
    def refuse_to_look(folder: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    put_pictures(tmp_path / "tiny", TRAIN_NAMES + TEST_NAMES)
    monkeypatch.setattr(os, "scandir", refuse_to_look)
    message = refuse(served, tmp_path)
    assert message == (
        "The real pictures of tiny are unavailable: paper could not be used (Permission denied); "
        f"move {tmp_path.name}/tiny away and run again."
    )
    assert find_data(served, "auto", tmp_path).kind == "samples" and web.fetched == []


def test_a_mirror_that_may_not_be_looked_into_is_a_reason(served, tmp_path, monkeypatch, drawn):
    def stat(path: Path, **_):
        if path.parent == tmp_path / "mirror":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return see(path)

    (tmp_path / "mirror").mkdir()
    see = Path.stat
    monkeypatch.setattr(Path, "stat", stat)
    found = find_data(part_of(served), "auto", tmp_path / "data", tmp_path / "mirror")
    assert found.origin == "download" and "could not be used (Permission denied)" in found.reason


# What archives may hold


@pytest.mark.parametrize(
    "name", ["../evil.png", "/evil.png", "rps/../../evil.png", "C:/evil.png", "..\\evil.png"]
)
def test_no_entry_leads_out_of_the_folder(web, tmp_path, name):
    wanted = serve_one(web, make_zip([*TRAIN_NAMES, name]))
    assert "rps.zip holds the unsafe entry" in refuse(wanted, tmp_path / "data")
    assert not list(tmp_path.rglob("*evil*"))


def test_links_in_an_archive_are_refused(web, tmp_path):
    stream = io.BytesIO(TRAIN_ZIP)
    with zipfile.ZipFile(stream, "a") as bundle:
        link = zipfile.ZipInfo("rps/paper/link.png")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        bundle.writestr(link, "/etc/passwd")
    wanted = serve_one(web, stream.getvalue())
    assert "unsafe entry 'rps/paper/link.png'" in refuse(wanted, tmp_path)


def test_an_archive_that_unpacks_to_far_too_much_is_refused(web, tmp_path):
    stream = io.BytesIO(TRAIN_ZIP)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("rps/paper/zeros.png", bytes(1_000_000))
    assert "far more than its pictures can be" in refuse(
        serve_one(web, stream.getvalue()), tmp_path
    )


def test_junk_of_macos_is_left_out(web, tmp_path):
    junk = ["__MACOSX/rps/paper/paper-0.png", "rps/.DS_Store", "rps/paper/._paper-0.png"]
    found = find_data(serve_one(web, make_zip(TRAIN_NAMES + junk)), "full", tmp_path)
    assert list_files(found.folder) == TRAIN_NAMES


def damage(body: bytes, at: int = 0) -> bytes:
    """Change one byte of a picture inside a zip archive."""
    at = at or body.index(b"IDAT")
    return body[:at] + b"X" + body[at + 1 :]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"x" * len(TRAIN_ZIP), "rps.zip is damaged or no zip archive"),
        (damage(TRAIN_ZIP), "rps.zip is damaged or no zip archive"),
        (damage(make_zip(TRAIN_NAMES, zipfile.ZIP_LZMA), 60), "rps.zip is damaged"),
        (make_zip(TRAIN_NAMES[:3]), "is incomplete, split train (rps) has 3 of 4 pictures"),
    ],
)
def test_without_a_checksum_the_contents_decide(web, tmp_path, body, complaint):
    wanted = serve_one(web, body, sha256=None)
    assert complaint in refuse(wanted, tmp_path)
    assert not (tmp_path / "tiny").exists()
    assert not (tmp_path / "downloads" / "rps.zip").exists(), "the next run would stumble over it"


def test_a_file_placed_by_hand_is_kept_even_if_it_does_not_unpack(offline, tmp_path):
    body = b"x" * 50
    archive = as_archive("rps.zip", body, list(offline.archives[0].addresses), sha256=None)
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "rps.zip").write_bytes(body)
    assert "no zip archive" in refuse(tiny([archive]), tmp_path)
    assert (tmp_path / "downloads" / "rps.zip").read_bytes() == body


def test_files_that_are_not_unpacked_are_placed_as_they_are(web, tmp_path):
    body = gzip.compress(b"pixels")
    web.files["/images.gz"] = body
    archive = as_archive("images.gz", body, [f"http://{web.host}/images.gz"])
    wanted = tiny([archive], layout="files", splits=(Split("train", "train", 4),))
    found = find_data(wanted, "full", tmp_path)
    assert found.splits == ("train",)
    assert found.line == "Data: tiny, 4 real pictures from the download."
    assert (found.split_folder("train") / "images.gz").read_bytes() == body
    assert find_data(wanted, "full", tmp_path).origin == "cache"


# The mirror folder


@pytest.mark.parametrize("place", ["tiny", "other_name", "."])
def test_unpacked_data_in_a_mirror_folder_is_used_in_place(offline, tmp_path, place):
    mirror = tmp_path / "mirror"
    put_pictures(mirror / place, TRAIN_NAMES + TEST_NAMES)
    wanted = DataSet(**{**vars(offline), "mirror_names": ("other_name",)})
    before = list_files(mirror)
    found = find_data(wanted, "auto", tmp_path / "data", mirror)
    assert (found.origin, found.folder) == ("mirror", mirror / place)
    assert found.line == "Data: tiny, 6 real pictures from the mirror folder."
    assert list_files(mirror) == before
    assert not (tmp_path / "data").exists(), "nothing is copied"


@pytest.mark.parametrize("place", ["tiny", "."])
def test_archives_in_a_mirror_folder_are_unpacked_into_the_data_folder(offline, tmp_path, place):
    mirror = tmp_path / "mirror"
    (mirror / place).mkdir(parents=True)
    (mirror / place / "rps.zip").write_bytes(TRAIN_ZIP)
    (mirror / place / "rps-test-set.zip").write_bytes(TEST_ZIP)
    before = list_files(mirror)
    found = find_data(offline, "full", tmp_path / "data", mirror)
    assert (found.origin, found.folder) == ("mirror", tmp_path / "data" / "tiny")
    assert list_files(mirror) == before
    assert find_data(offline, "full", tmp_path / "data", mirror).origin == "cache"


def test_a_short_mirror_is_refused_by_name_and_number(offline, tmp_path, drawn):
    mirror = tmp_path / "mirror"
    put_pictures(mirror / "tiny", TRAIN_NAMES + TEST_NAMES[:1])
    complaint = (
        "the mirror folder's tiny is incomplete, split test (rps-test-set) has 1 of 2 pictures"
    )
    assert complaint in refuse(offline, tmp_path / "data", mirror)
    found = find_data(offline, "auto", tmp_path / "data", mirror)
    assert found.kind == "samples" and found.reason.startswith(complaint)


def test_a_short_mirror_gives_way_to_the_download(served, tmp_path):
    put_pictures(tmp_path / "mirror" / "tiny", TRAIN_NAMES)
    found = find_data(served, "auto", tmp_path / "data", tmp_path / "mirror")
    assert found.origin == "download"
    assert "because the mirror folder's tiny is incomplete" in found.line


def test_a_wrong_archive_in_a_mirror_folder_gives_way_to_the_download(served, tmp_path):
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "rps.zip").write_bytes(b"short")
    found = find_data(served, "auto", tmp_path / "data", tmp_path / "mirror")
    assert found.origin == "download"
    assert "the mirror folder's rps.zip has 5 bytes instead of" in found.reason


def test_a_mirror_folder_without_the_data_set_is_said(served, tmp_path):
    (tmp_path / "mirror").mkdir()
    found = find_data(served, "auto", tmp_path / "data", tmp_path / "mirror")
    assert found.reason == "the mirror folder does not hold tiny"


OFF = {
    "the split folder of one is the mirror itself": ("rps", ["paper/a.png", "rock/b.png"]),
    "each archive unpacked in a folder of its own": (
        ".",
        ["rps/rps/paper/a.png", "rps/rps/rock/b.png"],
    ),
    "one level down, under any name": (
        ".",
        ["any name/rps/paper/a.png", "any name/rps/rock/b.png"],
    ),
    "both": (".", ["x/rps/rps/paper/a.png", "x/rps/rps/rock/b.png"]),
}


@pytest.mark.parametrize("way", OFF)
def test_a_mirror_folder_that_is_one_level_off_is_recognised(tmp_path, way):
    top, names = OFF[way]
    put_pictures(tmp_path / "mirror" / top, names)
    before = list_files(tmp_path / "mirror")
    wanted = tiny([], splits=(Split("train", "rps", 2),))
    found = find_data(wanted, "full", tmp_path / "data", tmp_path / "mirror" / top)
    assert found.origin == "mirror"
    assert found.line == "Data: tiny, 2 real pictures from the mirror folder."
    listed = list_pictures(found.split_folder("train"), found.dataset.class_folders)
    assert [(path.name, label) for path, label in listed] == [("a.png", 0), ("b.png", 1)]
    assert list_files(tmp_path / "mirror") == before


def test_two_splits_unpacked_in_folders_of_their_own_are_recognised(offline, tmp_path):
    doubled = [name.replace("/", "/rps/", 1) for name in TRAIN_NAMES]
    doubled += [name.replace("/", "/rps-test-set/", 1) for name in TEST_NAMES]
    put_pictures(tmp_path / "mirror", doubled)
    found = find_data(offline, "full", tmp_path / "data", tmp_path / "mirror")
    assert found.line == "Data: tiny, 6 real pictures from the mirror folder."
    put_pictures(tmp_path / "other", TRAIN_NAMES + TEST_NAMES)
    for inside in ("rps", "rps-test-set"):
        found = find_data(offline, "full", tmp_path / "data", tmp_path / "other" / inside)
        assert found.folder == tmp_path / "other"


def test_the_class_folders_of_all_cats_and_dogs_may_be_the_mirror_itself(tmp_path):
    """PetImages, as the archive names it, or under another name."""
    entry = dataset("cats_and_dogs_all")
    entry = replace(entry, splits=(replace(entry.splits[0], pictures=2, may_miss=0),))
    for name in ("PetImages", "my cats"):
        put_pictures(tmp_path / name, ["Cat/0.jpg", "Dog/0.jpg"])
        found = find_data(entry, "full", tmp_path / "data", tmp_path / name)
        assert found.split_folder("all") == tmp_path / name
        assert find_data(entry, "full", tmp_path / "data", tmp_path).origin == "mirror"


@pytest.mark.parametrize("top", ["cats_and_dogs_filtered", "."])
def test_a_part_that_lacks_a_split_is_named_with_what_it_holds(tmp_path, top):
    names = [
        f"{split}/{kind}/{kind[:-1]}.0.jpg"
        for split in ("train", "validation")
        for kind in ("cats", "dogs")
    ]
    put_pictures(tmp_path / "mirror" / "cats_and_dogs_filtered", names)
    entry = dataset("cats_and_dogs")
    entry = replace(entry, splits=tuple(replace(s, pictures=2) for s in entry.splits), whole=None)
    message = refuse(entry, tmp_path / "data", tmp_path / "mirror" / top)
    assert (
        "the mirror folder's cats_and_dogs (in cats_and_dogs_filtered) is incomplete, split test "
        "(test) has 0 of 2 pictures"
    ) in message


@pytest.mark.parametrize("top", ["train", "."])
def test_flat_pictures_are_named_with_what_is_expected(tmp_path, top):
    put_pictures(tmp_path / "mirror" / "train", ["cat.0.jpg", "cat.1.jpg", "dog.0.jpg"])
    entry = replace(dataset("cats_and_dogs_all"), archives=())
    message = refuse(entry, tmp_path / "data", tmp_path / "mirror" / top)
    seen = "cat.0.jpg, cat.1.jpg, dog.0.jpg" if top == "train" else "train"
    assert (
        f"the mirror folder does not hold cats_and_dogs_all (it holds {seen}; expected is "
        "cats_and_dogs_all/PetImages/Cat and so on)"
    ) in message


def test_class_folders_at_the_top_of_a_mirror_could_be_any_data_set(tmp_path):
    flat = tiny([], splits=(Split("test", ".", 2),))
    put_pictures(tmp_path / "mirror", ["paper/a.png", "rock/b.png"])
    message = refuse(flat, tmp_path / "data", tmp_path / "mirror")
    assert message == (
        "The real pictures of tiny are unavailable: the mirror folder does not hold tiny (it holds "
        "paper, rock; expected is tiny/paper and so on); there is no download of tiny; name a "
        "folder that holds tiny in COURSE_MIRROR and run again."
    )
    put_pictures(tmp_path / "mirror" / "tiny", ["paper/a.png", "rock/b.png"])
    found = find_data(flat, "full", tmp_path / "data", tmp_path / "mirror")
    assert found.split_folder("test") == tmp_path / "mirror" / "tiny"
    found = find_data(flat, "full", tmp_path / "data", tmp_path / "mirror" / "tiny")
    assert found.split_folder("test") == tmp_path / "mirror" / "tiny", "its name tells"


def test_the_mirror_folder_is_named_by_the_environment(offline, tmp_path, monkeypatch):
    put_pictures(tmp_path / "mirror", TRAIN_NAMES + TEST_NAMES)
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "mirror"))
    assert find_data(offline, "full", tmp_path / "data").origin == "mirror"
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"COURSE_MIRROR names .*nowhere.* not a folder"):
        find_data(offline, "auto", tmp_path / "data")


# A data set that is a part of another


def part_of(whole: DataSet) -> DataSet:
    splits = (Split("train", "small", 1),)
    return DataSet(
        **{**vars(whole), "name": "part", "archives": (), "whole": whole, "splits": splits}
    )


@pytest.fixture
def mirror_of_part(tmp_path) -> Path:
    put_pictures(tmp_path / "mirror" / "part", ["small/paper/a.png"])
    return tmp_path / "mirror"


def test_the_whole_is_taken_where_it_is_at_hand(served, web, tmp_path, mirror_of_part):
    put_pictures(mirror_of_part / "tiny", TRAIN_NAMES + TEST_NAMES)
    found = find_data(part_of(served), "auto", tmp_path / "data", mirror_of_part)
    assert found.line == "Data: tiny, 6 real pictures from the mirror folder."
    shutil.copytree(mirror_of_part / "tiny", tmp_path / "data" / "tiny")
    found = find_data(part_of(served), "auto", tmp_path / "data", mirror_of_part)
    assert (found.dataset, found.origin) == (served, "cache") and web.fetched == []


def test_archives_of_the_whole_are_at_hand_too(offline, tmp_path, mirror_of_part):
    (mirror_of_part / "rps.zip").write_bytes(TRAIN_ZIP)
    (mirror_of_part / "rps-test-set.zip").write_bytes(TEST_ZIP)
    found = find_data(part_of(offline), "auto", tmp_path / "data", mirror_of_part)
    assert (found.dataset, found.origin) == (offline, "mirror")


def test_the_part_is_taken_before_the_whole_is_fetched(served, web, tmp_path, mirror_of_part):
    found = find_data(part_of(served), "auto", tmp_path / "data", mirror_of_part)
    assert found.line == (
        "Data: part, 1 real pictures from the mirror folder, because the mirror folder does not "
        "hold tiny."
    )
    assert web.fetched == []


def test_the_whole_is_fetched_where_neither_is_at_hand(served, tmp_path):
    found = find_data(part_of(served), "auto", tmp_path)
    assert (found.dataset, found.origin) == (served, "download")


def test_a_part_that_cannot_be_had_is_drawn_or_refused(offline, tmp_path, drawn):
    found = find_data(part_of(offline), "auto", tmp_path)
    assert (found.kind, found.folder) == ("samples", tmp_path / "samples" / "part")
    assert "put rps.zip" in refuse(part_of(offline), tmp_path)


# What the caller may ask for


def test_samples_are_drawn_at_once_if_asked_for(served, web, tmp_path, drawn):
    found = find_data(served, "samples", tmp_path)
    assert found.line == "Data: drawn sample pictures, because they were asked for."
    assert web.fetched == []


@pytest.mark.parametrize("name", ["rock_paper_scissors", "cats_and_dogs", "fashion_mnist"])
def test_drawn_samples_lie_where_the_catalog_says(tmp_path, monkeypatch, name):
    for draw in (
        "draw_hand",
        "draw_cat",
        "draw_dog",
    ):  # a second for each dozen; garments are quick
        monkeypatch.setattr(samples, draw, lambda *_: Image.new("RGB", (4, 4)))
    found = find_data(name, "samples", tmp_path)
    assert (found.kind, found.folder) == ("samples", tmp_path / "samples" / name)
    assert found.splits == tuple(split.name for split in dataset(name).splits)
    for split in found.splits:
        here = {path.name for path in found.split_folder(split).iterdir()}
        assert here == set(found.dataset.class_folders)


def test_a_data_set_without_drawn_samples_is_not_replaced(offline, tmp_path):
    wanted = DataSet(**{**vars(offline), "drawn": False})
    with pytest.raises(FileNotFoundError, match=r"are unavailable: .* could not be reached"):
        find_data(wanted, "auto", tmp_path)


def test_an_unknown_source_or_name_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no folder 'real' .*, or auto, full or samples"):
        find_data("rock_paper_scissors", "real", tmp_path)
    with pytest.raises(ValueError, match="no data set 'rocks'"):
        find_data("rocks", "full", tmp_path)


def test_a_split_that_is_not_there_is_refused(served, tmp_path):
    found = find_data(served, "full", tmp_path)
    shutil.rmtree(found.folder / "rps-test-set")
    assert found.splits == ("train",)
    with pytest.raises(ValueError, match=r"'test' of tiny is not among .* these hold: train"):
        found.split_folder("test")
    with pytest.raises(ValueError, match="no split 'nonsense'"):
        found.split_folder("nonsense")


# All real hands on green: an archive from Kaggle, by hand or by kagglehub.


def hands_as_kaggle_keeps_them(folder: Path) -> Path:
    """2,188 files in the archive's own shape: class folders, a copy of them, a page of text."""
    names = [
        f"{name}/{number:04}.png"
        for name, count in (("paper", 712), ("rock", 726), ("scissors", 750))
        for number in range(count)
    ]
    for name in [*names, *(f"rps-cv-images/{name}" for name in names)]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"picture")
    (folder / "README_rpc-cv-images.txt").write_text("What it is.")
    return folder


def test_all_real_hands_are_taken_from_an_archive_placed_by_hand(tmp_path):
    made = hands_as_kaggle_keeps_them(tmp_path / "made")
    downloads = tmp_path / "data" / "downloads"
    downloads.mkdir(parents=True)
    shutil.make_archive(str(downloads / "rockpaperscissors"), "zip", made)
    located = find_data("hands_green", "full", tmp_path / "data")
    assert located.line == "Data: hands_green_all, 2,188 real pictures from the data folder."
    assert located.splits == ("test",)
    assert (located.split_folder("test") / "rock" / "0000.png").is_file()


def test_kagglehub_fetches_all_real_hands_where_it_is_installed(tmp_path, monkeypatch):
    made = hands_as_kaggle_keeps_them(tmp_path / "versions" / "1")
    asked = []

    def fetch(name: str) -> str:
        asked.append(name)
        return str(made)

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=fetch))
    located = find_data("hands_green", "full", tmp_path / "data")
    assert asked == ["drgfreeman/rockpaperscissors"]
    assert located.line.startswith("Data: hands_green_all, 2,188 real pictures from the download")
    assert located.split_folder("test") == made


@pytest.mark.parametrize(
    ("hub", "said"),
    [
        (None, "hands_green_all lies on Kaggle (drgfreeman/rockpaperscissors), and kagglehub is"),
        ("empty", "what Kaggle sent of hands_green_all is incomplete, split test (.) has 0 of"),
        (ConnectionError("no"), "Kaggle did not send drgfreeman/rockpaperscissors (ConnectionEr"),
    ],
)
def test_without_kagglehub_it_is_said_where_the_hands_are(tmp_path, monkeypatch, hub, said):
    def fetch(name: str) -> str:
        if isinstance(hub, Exception):
            raise hub
        return str(tmp_path)

    module = SimpleNamespace(dataset_download=fetch) if hub else None
    monkeypatch.setitem(sys.modules, "kagglehub", module)
    with pytest.raises(NotAvailable) as refused:
        find_data("hands_green", "full", tmp_path / "data")
    assert said in str(refused.value)
    assert "put rockpaperscissors.zip into data/downloads/ and run again" in str(refused.value)
