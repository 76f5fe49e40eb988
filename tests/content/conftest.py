"""Let the assertions of shared test classes say what they compared."""

import pytest

pytest.register_assert_rewrite("tests.content.pilot")
