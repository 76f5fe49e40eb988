"""Finding CQL files and reading their declarations."""

import pytest

from cds.authoring.errors import CqlFileError
from cds.authoring.sources import find_cql_files, libraries_by_name, read_cql_file


def write(folder, name, text):
    path = folder / "cql" / f"{name}.cql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_declaration_is_found_behind_comments_that_look_like_one(tmp_path):
    path = write(
        tmp_path, "Real", "/* library Fake version '9' */\n// library Fake version '8'\nlibrary Real version '1.2.0'\n"
    )
    file = read_cql_file(path)
    assert (file.name, file.version) == ("Real", "1.2.0")
    assert file.library_path == tmp_path / "Library" / "Real.json"


def test_a_quoted_library_name_counts_without_its_quotes(tmp_path):
    assert read_cql_file(write(tmp_path, "Real", "library \"Real\" version '1'")).name == "Real"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("define x: 1", r"A\.cql:1:1: error: no library declaration"),
        ("\n\nlibrary B version '1'", r"A\.cql:3:1: error: library B must be in a file called B\.cql"),
        ("library A", r"A\.cql:1:1: error: library A needs a version"),
    ],
)
def test_a_file_that_does_not_keep_the_rules_is_refused_with_its_line(tmp_path, text, message):
    with pytest.raises(CqlFileError, match=message):
        read_cql_file(write(tmp_path, "A", text))


def test_only_files_in_a_cql_folder_are_found_in_the_order_of_their_paths(tmp_path):
    write(tmp_path / "g2", "B", "library B version '1'")
    write(tmp_path / "g1", "C", "library C version '1'")
    (tmp_path / "Draft.cql").write_text("not CQL", encoding="utf-8")
    assert [file.name for file in find_cql_files(tmp_path)] == ["C", "B"]


def test_an_absent_folder_is_an_error_not_an_empty_list(tmp_path):
    with pytest.raises(CqlFileError, match="no such file or folder"):
        find_cql_files(tmp_path / "absent")


def test_two_files_of_one_library_are_refused(tmp_path):
    write(tmp_path / "g1", "A", "library A version '1'")
    write(tmp_path / "g2", "A", "library A version '1'")
    with pytest.raises(CqlFileError, match="also declared in"):
        libraries_by_name(find_cql_files(tmp_path))


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path):
    path = write(tmp_path, "A", "")
    path.write_bytes(b"\xef\xbb\xbflibrary A version '1'\r\ndefine x: 1\r\n")
    assert read_cql_file(path).text == "library A version '1'\ndefine x: 1\n"


def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path):
    path = write(tmp_path, "A", "")
    path.write_bytes("library A version '1'\ndefine x: 'blåbær'\n".encode("latin-1"))
    with pytest.raises(CqlFileError, match=r"A\.cql:2:1: error: is not UTF-8"):
        read_cql_file(path)
