"""Train a model and measure how it holds up under noise: `python main.py --help`."""

from vitrina.cli.main import main

if __name__ == "__main__":
    main()
