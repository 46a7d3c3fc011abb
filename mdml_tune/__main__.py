"""`python -m mdml_tune` is `mdml-tune`."""

from mdml_tune.cli.main import main

if __name__ == "__main__":
    main()
