"""The command line: names and options. What a command does is in the file of its name, loaded when it is called."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

app = typer.Typer(
    help="Train text and image classifiers from one recipe, and say honestly how far to trust them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
recipes_app = typer.Typer(help="List, show and describe recipes.", invoke_without_command=True, rich_markup_mode=None)
app.add_typer(recipes_app, name="recipes")


def _proposed(kind: str) -> Callable[[str], list[str]]:
    """What the shell proposes for an argument; loaded when it asks."""

    def propose(incomplete: str) -> list[str]:
        from classmark.cli.completion import proposals

        return proposals(kind, incomplete)

    return propose


A_RECIPE, A_RUN, A_CHANGE, A_STUDY = map(_proposed, ("recipe", "run", "key", "study"))

ByModel = Annotated[
    str | None,
    typer.Option("--by", metavar="COLUMN", help="One file holds all models; this column says which one a row is of."),
]
ModelNames = Annotated[
    str | None,
    typer.Option("--names", help="What the models are called, comma-separated; quote names that contain a comma."),
]
ImageFolder = Annotated[
    str | None, typer.Option(metavar="FOLDER", help="Where the images of a table are. Without it: beside the table.")
]
ImageEnding = Annotated[
    str | None, typer.Option(metavar="ENDING", help="What is added to the images' names in a table, such as .jpg.")
]
Quoting = Annotated[
    str, typer.Option(metavar="auto|none", help="none: quotes in a CSV or TSV are ordinary characters.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Format = Annotated[
    str | None, typer.Option("--format", metavar="latex|markdown", help="Print the table as a paper has it.")
]
Label = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the true class.")]
Id = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column of the ids.")]
Predicted = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="Column of the predicted class; accuracy, F1 and the matrix then come from it."
    ),
]
Probabilities = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN,…",
        help="Columns of probabilities, or the one of the score, comma-separated; quote names that contain a comma.",
    ),
]
Group = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of what rows belong to: a film, a patient.")]
Weights = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of how much each row counts.")]
Classes = Annotated[
    str | None,
    typer.Option(
        metavar="NAME,…",
        help="Class names in the order of the probabilities, comma-separated; quote names that contain a comma.",
    ),
]
Positive = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The positive class of two. A single score is its probability, unless its name says otherwise.",
    ),
]
Logits = Annotated[bool, typer.Option("--logits", help="The columns hold logits, not probabilities.")]
LabelsOnly = Annotated[bool, typer.Option("--labels-only", help="Judge the predicted classes alone.")]
Rescale = Annotated[
    bool, typer.Option("--rescale", help="Divide each row's probabilities by their sum, if rounding moved it.")
]
MissingLabel = Annotated[str | None, typer.Option(metavar="TEXT", help='The label that means "no label".')]
Labels = Annotated[Path | None, typer.Option(metavar="FILE", help="A second file with the true classes, joined by id.")]
Where = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN=VALUE", help="Read only the rows with this value. Can be repeated."),
]
At = Annotated[
    str | None,
    typer.Option(
        metavar="GOAL",
        help="Decide by the threshold that reaches this goal on the run's validation rows: f1, precision>=0.95, error<=0.02.",
    ),
]
SetLevel = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE", help="Give sets of classes that hold the true one in this share of rows, such as 0.9."
    ),
]
Draws = Annotated[int, typer.Option(min=100, help="Bootstrap draws; a matrix needs none.")]
Level = Annotated[
    float,
    typer.Option(metavar="SHARE", help="The level of all intervals: 0.9 for 90 %. Tests then allow 10 % false alarms."),
]


class SpreadCommand(TyperCommand):
    """A command whose option --validation takes all words up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put --validation before each of its words, and parse."""
        words: list[str] = []
        for word in args:
            follows = len(words) > 1 and words[-2] == "--validation" and not word.startswith("--")
            words += ["--validation", word] if follows else [word]
        ends = [*words[1:], "--"]
        if any(word == "--validation" and end.startswith("--") for word, end in zip(words, ends, strict=True)):
            ctx.fail("Option '--validation' requires an argument.")
        return super().parse_args(ctx, words)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"classmark {version('classmark')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where an error comes from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that stand before the command."""
    context.obj = {"traceback": traceback}


@app.command()
def train(
    recipe: Annotated[
        str | None, typer.Argument(help="A shipped recipe's name or a YAML file.", autocompletion=A_RECIPE)
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="Changes, such as train.epochs=1 data.limit=2000.", autocompletion=A_CHANGE),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder; without it, a new one under runs/.")] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with the run in this folder.", autocompletion=A_RUN)
    ] = None,
) -> None:
    """Train a recipe, judge it, write the report."""
    from classmark.cli.train import train as run_train

    run_train(recipe, overrides or [], out, resume)


@recipes_app.callback()
def recipes(context: typer.Context) -> None:
    """List the shipped recipes."""
    if context.invoked_subcommand is None:
        from classmark.cli.recipes import list_recipes

        list_recipes()


@recipes_app.command("show")
def recipes_show(
    name: Annotated[str, typer.Argument(help="A shipped recipe's name.", autocompletion=A_RECIPE)],
) -> None:
    """Print a recipe's commented YAML, to save and change."""
    from classmark.cli.recipes import show_recipe

    show_recipe(name)


@recipes_app.command("schema")
def recipes_schema() -> None:
    """Print the JSON Schema of recipes, which editors use."""
    from classmark.cli.recipes import show_schema

    show_schema()


@app.command()
def predict(
    run: Annotated[Path, typer.Argument(help="A run folder, or its model/ folder alone.", autocompletion=A_RUN)],
    inputs: Annotated[
        list[str],
        typer.Argument(help="Tables of any usual format, .txt or image files, folders or zips of them, or - ."),
    ],
    out: Annotated[Path, typer.Option(help="The table to write: .parquet, .csv or .jsonl.")],
    text: Annotated[str, typer.Option(help="The column that holds the text.")] = "text",
    image: Annotated[str, typer.Option(help="The column that holds the path of the image.")] = "image",
    image_folder: ImageFolder = None,
    image_ending: ImageEnding = None,
    label: Annotated[
        str | None, typer.Option(help="The column of true classes. Without it: the column label, if there is one.")
    ] = None,
    id_column: Annotated[str | None, typer.Option("--id", help="The column of ids, if there is one.")] = None,
    quoting: Quoting = "auto",
    calibrated: Annotated[
        bool, typer.Option("--calibrated", help="Divide the logits by the temperature fitted on validation.")
    ] = False,
    mixture: Annotated[
        bool, typer.Option("--mixture", help="Predict with the mixture of the model and its linear baseline.")
    ] = False,
    skip_unreadable: Annotated[
        bool,
        typer.Option("--skip-unreadable", help="Leave out empty texts, damaged images and files that cannot be read."),
    ] = False,
    skip_unknown_labels: Annotated[
        bool, typer.Option("--skip-unknown-labels", help="Leave out rows whose label the model does not know.")
    ] = False,
    no_labels: Annotated[bool, typer.Option("--no-labels", help="Do not read a column of true classes.")] = False,
    at: At = None,
    sets: SetLevel = None,
) -> None:
    """Predict new texts or images with a trained model."""
    options: dict[str, Any] = {"text": text, "image": image, "label": label, "id": id_column, "calibrated": calibrated}
    options |= {"mixture": mixture, "at": at, "sets": sets}
    options |= {"image_folder": image_folder, "image_ending": image_ending, "quoting": quoting}
    options |= {"skip_unreadable": skip_unreadable, "skip_unknown_labels": skip_unknown_labels, "no_labels": no_labels}
    from classmark.cli.predict import predict as run_predict

    run_predict(run, inputs, out, options)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    to: Annotated[
        str,
        typer.Option(
            metavar="onnx|huggingface|card",
            help="onnx: a folder that predicts with onnxruntime alone; huggingface: one that transformers or timm load; "
            "card: the model card.",
        ),
    ] = "onnx",
    out: Annotated[Path | None, typer.Option(help="The folder or file; without it, one in exports/.")] = None,
    quantise: Annotated[
        str | None, typer.Option(metavar="int8", help="onnx: weights in 8 bits; says what that costs and gains.")
    ] = None,
    license_name: Annotated[
        str, typer.Option("--license", metavar="NAME", help="For the model card, such as apache-2.0.")
    ] = "unknown",
    language: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="For the model card, such as en. Can be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Export a run for other programs, and check on all test rows that the predictions stay the same."""
    from classmark.cli.export import export as run_export

    words = {"to": to, "out": out, "quantise": quantise, "license": license_name, "language": tuple(language or ())}
    run_export(run, words, as_json=as_json)


@app.command()
def serve(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or links to them; the first is the default.")],
    host: Annotated[str, typer.Option(help="The address; other machines reach 0.0.0.0.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port; 0 is any free one.")] = 8000,
    calibrated: Annotated[
        bool, typer.Option("--calibrated", help="Divide the logits by the temperature fitted on validation.")
    ] = False,
    mixture: Annotated[
        bool, typer.Option("--mixture", help="Predict with the mixture of the model and its linear baseline.")
    ] = False,
    at: At = None,
    sets: SetLevel = None,
    batch: Annotated[int, typer.Option(help="Compute waiting requests once they hold this many rows.")] = 32,
    wait_ms: Annotated[
        float, typer.Option(help="Milliseconds that a request waits for others to join its batch.")
    ] = 5.0,
    watch: Annotated[bool, typer.Option("--watch", help="Reload a run when its folder or link is replaced.")] = False,
    key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Its first line is the key that requests must send. CLASSMARK_API_KEY can hold it too."
        ),
    ] = None,
    max_bytes: Annotated[int, typer.Option(help="The largest request, in bytes.")] = 16 << 20,
    max_rows: Annotated[int, typer.Option(help="The most texts or images in a request.")] = 1_000,
    max_characters: Annotated[int, typer.Option(help="The longest text, in characters.")] = 100_000,
    max_pixels: Annotated[int, typer.Option(help="The largest image, in pixels.")] = 40_000_000,
    timeout: Annotated[
        float, typer.Option(help="Seconds to receive a request, and the same again to answer it.")
    ] = 30.0,
) -> None:
    """Serve trained models behind an HTTP address, with a page to try them."""
    options = {"host": host, "port": port, "calibrated": calibrated, "mixture": mixture, "at": at, "sets": sets}
    options |= {"batch": batch, "wait_ms": wait_ms, "watch": watch, "key_file": key_file, "timeout": timeout}
    options |= {"max_bytes": max_bytes, "max_rows": max_rows, "max_characters": max_characters}
    from classmark.cli.serve import serve as run_serve

    run_serve(runs, {**options, "max_pixels": max_pixels})


@app.command()
def judge(
    file: Annotated[
        str | None,
        typer.Argument(
            help="A predictions file of any usual format, a folder of Parquet parts, a run folder, or - .",
            autocompletion=_proposed("predictions"),
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder for judgement.json and report.html.")] = Path("judgement"),
    validation: Annotated[
        str | None, typer.Option(help="The same model's predictions on other rows, to fit and choose on.")
    ] = None,
    unlabelled: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="The same model's predictions of many rows without labels, drawn in the same way."
        ),
    ] = None,
    confusion: Annotated[
        str | None, typer.Option(help="A published matrix instead of a file: 10805,1695,1099,11401")
    ] = None,
    label: Label = None,
    id_column: Id = None,
    predicted: Predicted = None,
    probabilities: Probabilities = None,
    group: Group = None,
    weights: Weights = None,
    classes: Classes = None,
    positive: Positive = None,
    logits: Logits = False,
    labels_only: LabelsOnly = False,
    rescale: Rescale = False,
    missing_label: MissingLabel = None,
    labels: Labels = None,
    where: Where = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Judge each value of this column by itself: each model, each split."),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GOAL",
            help="Choose a threshold on the validation rows. Two classes: for f1, mcc, balanced_accuracy, accuracy, youden, "
            'or a minimum such as "precision>=0.95". Any number of classes: "error<=0.02" of the rows that are answered. '
            "Can be repeated.",
        ),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Such as 0.9: choose only thresholds whose minimum (or highest error) holds on new rows with this confidence.",
        ),
    ] = None,
    costs: Annotated[
        str | None,
        typer.Option(help="What errors cost, true:predicted=cost, comma-separated: no:yes=1,yes:no=5. Others cost 1."),
    ] = None,
    slices: Annotated[
        list[str] | None,
        typer.Option(
            "--slice",
            metavar="COLUMN",
            help='Judge by slice of this column only, or of combinations: "length*source". Can be repeated.',
        ),
    ] = None,
    draws: Draws = 1_000,
    level: Level = 0.95,
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC>=VALUE",
            help='Exit with 0 if the whole interval keeps this ("accuracy>=0.9", "log_loss<=0.3"), with 1 if none of it '
            "does, with 3 if these rows cannot tell. Can be repeated.",
        ),
    ] = None,
    label_errors: Annotated[
        Path | None,
        typer.Option(
            help="Write the validation rows (else the judged ones) with whose label the model disagrees: .csv or .parquet."
        ),
    ] = None,
    paper: Format = None,
    as_json: AsJson = False,
) -> None:
    """Judge predictions, whoever made them."""
    from classmark.cli.judge import JudgeWords
    from classmark.cli.judge import judge as run_judge

    read = _read_words(
        *(label, id_column, predicted, probabilities, group, weights, classes, positive, logits, labels_only, rescale),
        *(missing_label, labels, where),
    )
    words = JudgeWords(
        *(file, out, read, validation, confusion, at or (), costs, slices, draws, label_errors, by, confidence),
        *(unlabelled, paper, require or (), level),
    )
    run_judge(words, as_json=as_json)


@app.command()
def compare(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="A B …",
            help="Predictions files or run folders on the same test rows; A is the baseline.",
            autocompletion=_proposed("predictions"),
        ),
    ],
    out: Annotated[Path, typer.Option(help="The folder for comparison.json and report.html.")] = Path("comparison"),
    label: Label = None,
    id_column: Id = None,
    predicted: Predicted = None,
    probabilities: Probabilities = None,
    group: Group = None,
    weights: Weights = None,
    classes: Classes = None,
    positive: Positive = None,
    logits: Logits = False,
    labels_only: LabelsOnly = False,
    rescale: Rescale = False,
    missing_label: MissingLabel = None,
    labels: Labels = None,
    where: Where = None,
    of_one: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="LETTER.OPTION=VALUE", help="An option for one file: --set B.label=truth. Can be repeated."
        ),
    ] = None,
    by: ByModel = None,
    names: ModelNames = None,
    draws: Draws = 1_000,
    level: Level = 0.95,
    fail_if_worse: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC",
            help="Exit with 1 if a model is shown to be worse than A in this metric. Can be repeated.",
        ),
    ] = None,
    not_worse_than: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC:MARGIN",
            help="Exit with 0 if each model is shown to be worse than A by less than this (accuracy:0.01 is one point), with 1 "
            "if one is worse by more, with 3 if these rows cannot tell. Can be repeated.",
        ),
    ] = None,
    equivalent: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC:MARGIN",
            help="The same for a difference from A that lies within the margin on both sides. Can be repeated.",
        ),
    ] = None,
    paper: Format = None,
    as_json: AsJson = False,
) -> None:
    """Compare two or more models on the same rows. Options about columns apply to all files."""
    from classmark.cli.compare import CompareWords
    from classmark.cli.compare import compare as run_compare

    read = _read_words(
        *(label, id_column, predicted, probabilities, group, weights, classes, positive, logits, labels_only, rescale),
        *(missing_label, labels, where),
    )
    checks = (fail_if_worse or (), not_worse_than or (), equivalent or ())
    words = CompareWords(paths, out, read, of_one or (), by, _split(names), draws, *checks, paper, level)
    run_compare(words, as_json=as_json)


@app.command(cls=SpreadCommand)
def mix(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="A B …",
            help="Predictions files or run folders of the models, on the same test rows.",
            autocompletion=_proposed("predictions"),
        ),
    ],
    validation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VA VB …",
            help="Predictions of the models on the same validation rows, in the same order; runs bring their own.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="The folder for judgement.json, report.html and predictions.parquet.")
    ] = Path("mixture"),
    label: Label = None,
    id_column: Id = None,
    predicted: Predicted = None,
    probabilities: Probabilities = None,
    group: Group = None,
    weights: Weights = None,
    classes: Classes = None,
    positive: Positive = None,
    logits: Logits = False,
    labels_only: LabelsOnly = False,
    rescale: Rescale = False,
    missing_label: MissingLabel = None,
    labels: Labels = None,
    where: Where = None,
    of_one: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="LETTER.OPTION=VALUE",
            help="An option for the files of one model: --set B.label=truth. Can be repeated.",
        ),
    ] = None,
    by: ByModel = None,
    names: ModelNames = None,
    draws: Draws = 1_000,
    level: Level = 0.95,
    as_json: AsJson = False,
) -> None:
    """Mix two or more models with weights fitted on validation rows, and judge the mixture on test rows."""
    from classmark.cli.mix import MixWords
    from classmark.cli.mix import mix as run_mix

    read = _read_words(
        *(label, id_column, predicted, probabilities, group, weights, classes, positive, logits, labels_only, rescale),
        *(missing_label, labels, where),
    )
    words = MixWords(paths, validation or (), out, read, of_one or (), by, _split(names), draws, level)
    run_mix(words, as_json=as_json)


@app.command()
def audit(
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="A recipe and changes such as data.path=…; or a table, image folder or zip, and a second one for the test."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The folder for audit.json, pairs.csv and report.html.")] = Path("audit"),
    text: Annotated[str, typer.Option(help="The column that holds the text.")] = "text",
    image: Annotated[str, typer.Option(help="The column that holds the path of the image.")] = "image",
    label: Annotated[str, typer.Option(help="The column that holds the class name.")] = "label",
    id_column: Annotated[str | None, typer.Option("--id", help="The column of ids, if there is one.")] = None,
    image_folder: ImageFolder = None,
    image_ending: ImageEnding = None,
    quoting: Quoting = "auto",
    jaccard: Annotated[
        float, typer.Option(min=0.3, max=1.0, help="Texts are near duplicates from this similarity on.")
    ] = 0.6,
    as_json: AsJson = False,
) -> None:
    """Look for duplicates, leaks into the test, label conflicts and odd rows in a data set."""
    from classmark.cli.audit import audit as run_audit

    columns = {"text": text, "image": image, "label": label, "id": id_column}
    columns |= {"image_folder": image_folder, "image_ending": image_ending, "quoting": quoting}
    run_audit(inputs, out, columns, jaccard, as_json=as_json)


@app.command()
def plan(
    pilot: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PILOT [PILOT B]]", help="A pilot's predictions instead of a guess: of one model, or of two."
        ),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a pilot: accuracy, recall, precision or roc_auc.")
    ] = None,
    of_class: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a pilot: the class of recall, precision or ROC area.")
    ] = None,
    accuracy: Annotated[float | None, typer.Option(help="A guess of it, such as 0.9.")] = None,
    recall: Annotated[float | None, typer.Option(help="A guess of a class's recall.")] = None,
    precision: Annotated[float | None, typer.Option(help="A guess of a class's precision.")] = None,
    roc_auc: Annotated[float | None, typer.Option(help="A guess of the ROC area.")] = None,
    prevalence: Annotated[
        float | None, typer.Option(help="The share of rows of the class; for precision, of rows called so.")
    ] = None,
    width: Annotated[float | None, typer.Option(help="Wanted: an interval this wide, 0.02 for 2 points.")] = None,
    minimum: Annotated[float | None, typer.Option(help="Wanted: an interval that lies above this.")] = None,
    difference: Annotated[
        float | None, typer.Option(help="Wanted: to show that B is better, by this in truth.")
    ] = None,
    disagreement: Annotated[
        float | None, typer.Option(help="A guess of the share of rows that only one of two models gets right.")
    ] = None,
    margin: Annotated[float | None, typer.Option(help="Wanted: to show that B is better by more than this.")] = None,
    not_worse_than: Annotated[
        float | None, typer.Option(help="Wanted: to show that B is not worse by more than this.")
    ] = None,
    equivalent: Annotated[
        float | None, typer.Option(help="Wanted: to show that A and B differ by less than this.")
    ] = None,
    deviation: Annotated[
        float | None, typer.Option(help="Plan seeds: the deviation of the difference between runs of one seed.")
    ] = None,
    pilot_seeds: Annotated[int | None, typer.Option(help="How many pairs of runs that deviation comes from.")] = None,
    group_size: Annotated[float | None, typer.Option(help="Rows per group, on average.")] = None,
    icc: Annotated[float | None, typer.Option(help="How alike rows of a group are: intra-class correlation.")] = None,
    correlation: Annotated[
        float | None,
        typer.Option(help="The correlation of two models' scores within a class, to compare their ROC areas."),
    ] = None,
    power: Annotated[float, typer.Option(help="How often it is to be shown.")] = 0.8,
    level: Level = 0.95,
    label: Label = None,
    id_column: Id = None,
    predicted: Predicted = None,
    probabilities: Probabilities = None,
    group: Group = None,
    weights: Weights = None,
    classes: Classes = None,
    positive: Positive = None,
    logits: Logits = False,
    labels_only: LabelsOnly = False,
    rescale: Rescale = False,
    missing_label: MissingLabel = None,
    labels: Labels = None,
    where: Where = None,
    as_json: AsJson = False,
) -> None:
    """Say how many rows to label, or seeds to run, for an answer. Shares are fractions: 0.01 is one point."""
    from classmark.cli.plan import plan as run_plan

    read = _read_words(
        *(label, id_column, predicted, probabilities, group, weights, classes, positive, logits, labels_only, rescale),
        *(missing_label, labels, where),
    )
    words = {"metric": metric, "of_class": of_class, "accuracy": accuracy, "recall": recall, "precision": precision}
    words |= {"roc_auc": roc_auc, "prevalence": prevalence, "width": width, "minimum": minimum}
    words |= {"difference": difference, "disagreement": disagreement, "margin": margin}
    words |= {"not_worse_than": not_worse_than, "equivalent": equivalent}
    words |= {"deviation": deviation, "pilot_seeds": pilot_seeds}
    words |= {"group_size": group_size, "icc": icc, "correlation": correlation, "power": power, "level": level}
    run_plan(pilot or [], words, read, as_json=as_json)


@app.command()
def study(
    name: Annotated[
        str | None,
        typer.Argument(metavar="STUDY", help="A shipped study's name or a YAML file.", autocompletion=A_STUDY),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="Changes, such as seeds=8 or, for every recipe, data.path=….", autocompletion=A_CHANGE),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Runs of yours: a table with the columns arm, seed and file; also fold, validation, training_rows. Ask with "
            "metric=…, margin=…, direction=…, reference=ARM.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder; without it, studies/ and the study's name.")] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with the study in this folder.", autocompletion=_proposed("study folder"))
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Runs at the same time, sharing the cores.")] = None,
    level: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="The level of all intervals: 0.9 for 90 %. The same as level=0.9."),
    ] = None,
    label: Label = None,
    id_column: Id = None,
    predicted: Predicted = None,
    probabilities: Probabilities = None,
    group: Group = None,
    classes: Classes = None,
    positive: Positive = None,
    logits: Logits = False,
    labels_only: LabelsOnly = False,
    rescale: Rescale = False,
    missing_label: MissingLabel = None,
    labels: Labels = None,
    where: Where = None,
    listed: Annotated[bool, typer.Option("--list", help="List the shipped studies.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Print a shipped study's YAML, to save and change.")] = False,
    paper: Format = None,
    as_json: AsJson = False,
) -> None:
    """Run arms with several seeds, or take yours, and settle a claim. Options about columns go with --table."""
    from classmark.cli import study as studies
    from classmark.studies.settle import Places

    if listed:
        studies.list_studies()
    elif show:
        studies.show_study(name or "")
    else:
        read = _read_words(
            *(label, id_column, predicted, probabilities, group, None, classes, positive, logits, labels_only, rescale),
            *(missing_label, labels, where),
        )
        changes = [*(overrides or []), *([] if level is None else [f"level={level}"])]
        studies.study(name, changes, Places(out, resume, jobs, table), read, as_json=as_json, paper=paper)


@app.command()
def tune(
    recipe: Annotated[
        str | None, typer.Argument(help="A shipped recipe's name or a YAML file.", autocompletion=A_RECIPE)
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes to the recipe, such as train.epochs=3.", autocompletion=A_CHANGE)
    ] = None,
    space: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The YAML file of the ranges.", autocompletion=_proposed("ranges")),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials in all, including those in the folder. Without it: 20.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Trials at the same time, sharing the cores.")] = 1,
    fresh: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="The share of validation rows that is put aside and chooses nothing. Without it: 0.3."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder; without it, tunes/ and the recipe's name.")] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with the tuning in this folder.", autocompletion=_proposed("tune folder"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search for better values of a recipe's keys, by validation rows alone, and write the best recipe."""
    from classmark.cli.tune import tune as run_tune

    run_tune(recipe, overrides or [], (space, trials, workers, fresh, out, resume), as_json=as_json)


@app.command()
def runs(
    folder: Annotated[Path, typer.Argument(help="The folder that holds runs.")] = Path("runs"),
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write them as a page too, with intervals, cost and filters.")
    ] = None,
    paper: Format = None,
    as_json: AsJson = False,
) -> None:
    """List runs: recipe, data, headline, time, state."""
    from classmark.cli.runs import runs as list_runs

    list_runs(folder, as_json, paper, html)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what this machine has, what classmark picks, and what is broken."""
    from classmark.cli.doctor import doctor as run_doctor

    run_doctor(as_json=as_json)


def _split(names: str | None) -> tuple[str, ...] | None:
    import csv

    return (
        None if names is None else tuple(name.strip() for name in next(csv.reader([names], skipinitialspace=True), []))
    )


def _read_words(
    label: str | None,
    id_column: str | None,
    predicted: str | None,
    probabilities: str | None,
    group: str | None,
    weights: str | None,
    classes: str | None,
    positive: str | None,
    logits: bool,
    labels_only: bool,
    rescale: bool,
    missing_label: str | None,
    labels: Path | None,
    where: list[str] | None,
) -> dict[str, Any]:
    """What is said about columns, as `classmark.judge` takes it; only what is said."""
    from classmark.reading.options import read_where

    texts = {"label": label, "id": id_column, "predicted": predicted, "group": group, "weights": weights}
    texts |= {"positive": positive, "missing_label": missing_label}
    found: dict[str, Any] = {name: value for name, value in texts.items() if value is not None}
    lists = {"probabilities": _split(probabilities), "classes": _split(classes)}
    found |= {name: list(value) for name, value in lists.items() if value is not None}
    flags = {"logits": logits, "labels_only": labels_only, "rescale": rescale}
    found |= {name: True for name, value in flags.items() if value}
    if labels is not None:
        found["labels"] = labels
    if where:
        found["where"] = dict(read_where(tuple(where)))
    return found


def run(arguments: list[str] | None = None) -> int:
    """The exit code of a command line: 0 done, 1 a check failed, 2 wrong input, 3 a check that cannot be decided, 130 or 143
    interrupted.
    """
    import sys

    from classmark.cli.streams import lost_output, patient_streams
    from classmark.system.signals import end_at, heeded

    words = sys.argv[1:] if arguments is None else arguments
    stops: list[int] = []

    def stop(number: int) -> None:
        stops.append(number)
        end_at(number)

    with patient_streams() as outs, heeded(stop):
        code = _code(words)
        if stops and code in (0, 130):  # typer makes an exit code of its own of a KeyboardInterrupt
            print("stopped", file=sys.stderr)
            return 128 + stops[-1]
        lost = lost_output(outs)
        if lost is not None and code == 0:
            print(f"error: {lost}", file=sys.stderr)
            return lost.exit_code
        return code


@cache
def _commands() -> Any:
    """What reads the words of all commands; built once, as a process that runs many would spend a third of its time on it."""
    return typer.main.get_command(app)


def _code(words: list[str]) -> int:
    """The exit code of a command, after saying on standard error what went wrong."""
    import sys

    from classmark.errors import ClassmarkError
    from classmark.system.limits import allow_open_files, check_addresses
    from classmark.system.outside import outside_error

    try:
        allow_open_files()
        check_addresses()
        return int(_commands()(words, standalone_mode=False) or 0)
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        return 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException as error:  # a Rust library's panic is no Exception
        if "--traceback" in words:
            raise
        known = error if isinstance(error, ClassmarkError) else outside_error(error)
        if known is not None:
            print(f"error: {known.spelt('command line')}", file=sys.stderr)
            return known.exit_code
        if hasattr(error, "format_message"):  # typer's own complaints about words and options
            print(f"error: {error.format_message()} See classmark --help.", file=sys.stderr)
            return 2
        print(f"error: a fault of classmark: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"Show where: classmark --traceback {' '.join(words)}", file=sys.stderr)
        return 70
