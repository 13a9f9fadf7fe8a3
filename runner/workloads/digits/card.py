"""The model card of the digits workload, written from its manifest so that no number in it is typed."""

from __future__ import annotations

from runner.workloads.manifest import Candidate, Manifest

CARD = """# {name}, version {version}

A convolutional network of {parameters:,} parameters that reads one 8 x 8 grey image of a handwritten digit and gives ten logits.

**Purpose: {purpose}.** It proves that the way from a machine to a page works on a trained model and real data. One inference costs little more than
the overheads around it, so a ranking of hardware by this model says little about any other model.

## What it answers

| file | correct of {n} held-out images | agrees with the fp32 reference |
|---|---|---|
| `model.fp32.onnx` | {fp32_correct} | {n} of {n} (it made the reference) |
| `model.int8.onnx` | {int8_correct} | {int8_agreeing} of {n} |

One held-out image is {share:.2f} % of them: differences of a few images are not a finding. On its {train} training images fp32 is right on
{train_correct}. The held-out images are the last of the collection. Neighbours in it tend to come from one writer, so many of them are probably
by hands that training never saw, but the collection names no writers; all wrote on the same forms for the same scanner. It must not be used to
read digits that matter.

## Data

{origin}.
Licence {licence}. {train} images train the network, {calibration} of them also calibrate int8, {selection} others decided how to quantise, and the
last {n} are held out. The indices of every part are in `manifest.json`.
Preprocessing: {steps}; layout {layout}, {element}.

## Recipe

`python -m runner.workloads.digits.recipe` ({schedule}; {epochs} epochs, batch {batch},
learning rate {learning_rate}, weight decay {weight_decay}, seed {seed}, one thread, deterministic algorithms), exported by {exporter}
{exporter_version}, operator set {opset}. `weights.npz` holds the same weights as the ONNX file.

int8: {tool} {tool_version}, {method}, {bits} bits per {granularity} from the fp32 file. Two weight ranges were tried on the selection
images; the better agreement is kept, and at a tie the reduced range, which cannot saturate on processors without 8-bit dot products.

| weight range | agrees with fp32 | largest logit distance | mean logit distance | |
|---|---|---|---|---|
{tried}

The reference outputs are the logits of {reference}.

`--check` makes everything anew. The same tools on the same instruction set give the same bytes; another instruction set sums in another order, and
the check then compares answers instead.
Made with {tools}.
"""


def card(manifest: Manifest) -> str:
    """The card as Markdown."""
    known, training, recipe, reference = manifest.dataset, manifest.training, manifest.quantization, manifest.reference
    return CARD.format(
        name=manifest.name, version=manifest.version, parameters=training.parameters, purpose=manifest.purpose, n=known.samples,
        fp32_correct=training.held_out_correct, int8_correct=recipe.held_out_correct, int8_agreeing=recipe.held_out_agreeing,
        share=100 / known.samples, train=len(known.train), train_correct=training.train_correct, origin=known.origin, licence=known.licence,
        calibration=len(known.calibration), selection=len(known.selection), steps=", ".join(manifest.preprocessing.steps),
        layout=manifest.preprocessing.layout, element=manifest.preprocessing.element, schedule=training.schedule, epochs=training.epochs,
        batch=training.batch, learning_rate=training.learning_rate, weight_decay=training.weight_decay, seed=training.seed,
        exporter=manifest.exporter.name, exporter_version=manifest.exporter.version, opset=manifest.exporter.opset, tool=recipe.producer_tool,
        tool_version=recipe.producer_version, method=recipe.method, bits=recipe.bits, granularity=recipe.granularity,
        tried="\n".join(_row(one, one.reduce_range == recipe.reduce_range) for one in recipe.candidates),
        reference=f"{reference.runtime} {reference.runtime_version} ({reference.provider})",
        tools=", ".join(f"{name} {number}" for name, number in sorted(manifest.tools.items())),
    )  # fmt: skip


def _row(one: Candidate, kept: bool) -> str:
    size, counts = "reduced" if one.reduce_range else "full", f"{one.agreeing} of {one.samples}"
    cells = (size, counts, one.largest_logit_difference, one.mean_logit_difference, "kept" if kept else "")
    return f"| {' | '.join(cells)} |"
