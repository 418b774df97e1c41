from extra.parametrized import main


def test_main():
    assert main
