"""The model card of the digits workload, written from its manifest so that no number in it is typed."""

from __future__ import annotations

from runner.workloads.manifest import Manifest


def card(manifest: Manifest) -> str:
    """The card as Markdown."""
    known, training, recipe = manifest.dataset, manifest.training, manifest.quantization
    n = known.samples
    tried = "\n".join(
        f"| {'reduced' if one.reduce_range else 'full'} | {one.agreeing} of {one.samples} | {one.largest_logit_difference}"
        f" | {one.mean_logit_difference} |{' kept |' if one.reduce_range == recipe.reduce_range else '  |'}"
        for one in recipe.candidates
    )
    return f"""# {manifest.name}, version {manifest.version}

A convolutional network of {training.parameters:,} parameters that reads one 8 x 8 grey image of a handwritten digit and gives ten logits.

**Purpose: {manifest.purpose}.** It proves that the way from a machine to a page works on a trained model and real data. One inference costs less than
the overheads around it, so a ranking of hardware by this model says little about any other model.

## What it answers

| file | correct of {n} held-out images | agrees with the fp32 reference |
|---|---|---|
| `model.fp32.onnx` | {training.held_out_correct} | {n} of {n} (it made the reference) |
| `model.int8.onnx` | {recipe.held_out_correct} | {recipe.held_out_agreeing} of {n} |

One held-out image is {100 / n:.2f} % of them: differences of a few images are not a finding. On the {len(known.train)} training images fp32 is right on
{training.train_correct}. The held-out images are the last of the collection. Neighbours in it tend to come from one writer, so many of them
are probably by hands that training never saw, but the collection names no writers; all wrote on the same forms for the same scanner. It must not be
used to read digits that matter.

## Data

{known.origin}.
Licence {known.licence}. {len(known.train)} images train the network, {len(known.calibration)} of them also calibrate int8, {len(known.selection)} others
decided how to quantise, and the last {n} are held out. The indices of every part are in `manifest.json`. Preprocessing: {", ".join(manifest.preprocessing.steps)}; layout {manifest.preprocessing.layout},
{manifest.preprocessing.element}.

## Recipe

`python -m runner.workloads.digits.recipe` ({training.schedule}, {training.epochs} epochs, batch {training.batch}, learning rate {training.learning_rate},
weight decay {training.weight_decay}, seed {training.seed}, one thread, deterministic algorithms), exported by {manifest.exporter.name}
{manifest.exporter.version}, operator set {manifest.exporter.opset}. `weights.npz` holds the same weights as the ONNX file.

int8: {recipe.producer_tool} {recipe.producer_version}, {recipe.method}, {recipe.bits} bits per {recipe.granularity} from the fp32 file, calibrated on
{recipe.calibration_count} images. Two weight ranges were tried on the selection images; the better agreement is kept, and at a tie the reduced range, which
cannot saturate on processors without 8-bit dot products.

| weight range | agrees with fp32 | largest logit distance | mean logit distance | |
|---|---|---|---|---|
{tried}

The reference outputs are the logits of {manifest.reference.runtime} {manifest.reference.runtime_version}, {manifest.reference.provider}.

`--check` makes everything anew. The same tools on the same instruction set give the same bytes; another instruction set sums in another order, and the
check then compares answers instead. Made with {", ".join(f"{name} {number}" for name, number in sorted(manifest.tools.items()))}.
"""
