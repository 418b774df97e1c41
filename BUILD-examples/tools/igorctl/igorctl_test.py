import io

import pytest

from tools.igorctl.igorctl import main


def run(tmp_path, *arguments):
    output = io.StringIO()
    main(["--database", str(tmp_path / "q")] + list(arguments), output)
    return output.getvalue()


def test_put_and_status(tmp_path):
    assert run(tmp_path, "put", "mail", '{"to": "ann"}', '{"to": "bob"}') == "1\n2\n"
    assert run(tmp_path, "status").split() == ["mail", "2", "waiting", "0", "failed"]


def test_what_is_not_json_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="not JSON"):
        run(tmp_path, "put", "mail", "{")
