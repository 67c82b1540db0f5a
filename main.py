"""Train a model and evaluate its robustness to noise: `python main.py --help`."""

from vitrina.cli.main import main

if __name__ == "__main__":
    main()
