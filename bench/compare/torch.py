"""The shipped pronouncer's training in PyTorch, as its user would write it, on the very batches that heed trains on.

`npm run compare:training` writes them and runs this file in turns with heed. By hand, once they are written:

    python3 bench/compare/torch.py build/bench/training --threads 2

The same model (src/models/seq2seq/model.ts) with the same parameters by name, and the same recipe
(models/pronounce/recipe.ts). What can leave the decoder's loop has left it: the embedding's share of the gates and the
output layer. nn.LSTM reads packed sequences.
"""
import argparse
import json
import statistics
import struct
import sys
import time
from pathlib import Path

# This file's folder is searched first, and the file has PyTorch's name.
here = Path(__file__).resolve().parent
sys.path = [folder for folder in sys.path if Path(folder).resolve() != here]

import numpy
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Pronouncer(nn.Module):
    def __init__(self, config):
        super().__init__()
        padding, embedding, hidden = config["paddingId"], config["embeddingSize"], config["decoderHidden"]
        encoded, dropout = 2 * config["encoderHidden"], config["dropout"]
        self.embedding, self.dropout = embedding, dropout
        self.src_embedding = nn.Embedding(config["sourceVocabulary"], embedding, padding_idx=padding)
        self.tgt_embedding = nn.Embedding(config["targetVocabulary"], embedding, padding_idx=padding)
        self.encoder = nn.LSTM(
            embedding, config["encoderHidden"], config["encoderLayers"],
            batch_first=True, bidirectional=True, dropout=dropout,
        )
        self.bridge_h = nn.Linear(encoded, hidden)
        self.bridge_c = nn.Linear(encoded, hidden)
        self.cell = nn.LSTMCell(embedding + hidden, hidden)
        self.combine = nn.Linear(encoded + hidden, hidden, bias=False)
        self.out = nn.Linear(hidden, config["targetVocabulary"])

    def drop(self, x):
        return F.dropout(x, self.dropout, self.training)

    def forward(self, source, lengths, hidden_positions, target):
        """Logits [target length, batch, target vocabulary]."""
        embedded = self.drop(self.src_embedding(source))
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        output, (hidden, cell) = self.encoder(packed)
        values, _ = pad_packed_sequence(output, batch_first=True)
        hidden = torch.tanh(self.bridge_h(torch.cat((hidden[-2], hidden[-1]), 1)))
        cell = torch.tanh(self.bridge_c(torch.cat((cell[-2], cell[-1]), 1)))
        keys = values.transpose(1, 2)

        from_embedding = self.cell.weight_ih[:, : self.embedding]
        # The rest of the gates' input is [h~; h], as one product.
        recurrent = torch.cat((self.cell.weight_ih[:, self.embedding :], self.cell.weight_hh), 1).t()
        embedded = self.drop(self.tgt_embedding(target))
        projected = F.linear(embedded, from_embedding, self.cell.bias_ih + self.cell.bias_hh)
        attentional = torch.zeros_like(hidden)
        steps = []
        for gates in projected.unbind(0):
            gates = torch.addmm(gates, torch.cat((attentional, hidden), 1), recurrent)
            i, f, g, o = gates.chunk(4, 1)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
            hidden = torch.sigmoid(o) * torch.tanh(cell)
            scores = torch.bmm(hidden.unsqueeze(1), keys).masked_fill(hidden_positions, -torch.inf)
            context = torch.bmm(torch.softmax(scores, 2), values).squeeze(1)
            attentional = torch.tanh(self.combine(torch.cat((context, hidden), 1)))
            steps.append(attentional)
        return self.out(self.drop(torch.stack(steps)))


class Batch:
    def __init__(self, batch):
        self.words = len(batch["lengths"])
        self.source = torch.tensor(batch["source"])
        self.lengths = torch.tensor(batch["lengths"])
        self.hidden_positions = (torch.arange(self.source.shape[1]) >= self.lengths[:, None]).unsqueeze(1)
        self.target_input = torch.tensor(batch["targetInput"])
        self.target_output = torch.tensor(batch["targetOutput"])


class Training:
    """A model and its optimizer, from heed's initial weights on."""

    def __init__(self, problem, weights, dropout):
        self.problem, self.recipe = problem, problem["recipe"]
        self.config = {**self.recipe["model"], "dropout": dropout}
        self.model = Pronouncer(self.config)
        self.model.load_state_dict(weights)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=0, betas=problem["betas"], weight_decay=self.recipe["weightDecay"],
        )
        self.steps = 0

    def step(self, batch):
        self.optimizer.zero_grad(set_to_none=True)
        logits = self.model(batch.source, batch.lengths, batch.hidden_positions, batch.target_input)
        loss = F.cross_entropy(
            logits.flatten(0, 1), batch.target_output.flatten(),
            ignore_index=self.config["paddingId"], label_smoothing=self.recipe["labelSmoothing"],
        )
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe["clipNorm"])
        for group in self.optimizer.param_groups:
            group["lr"] = self.problem["learningRates"][self.steps]
        self.optimizer.step()
        self.steps += 1
        return loss.item()


def read_safetensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        values = numpy.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors


def blas():
    """File names of the BLAS libraries in this process: they decide the speed of products."""
    mapped = Path("/proc/self/maps")
    paths = (line.split()[-1] for line in mapped.read_text().splitlines()) if mapped.exists() else ()
    return ", ".join(sorted({Path(path).name for path in paths if "blas" in path})) or "unknown BLAS"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the batches and the initial weights are")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--turns", action="store_true", help="wait for a line on the standard input before each round")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    problem = json.loads((options.folder / "problem.json").read_text())
    weights = read_safetensors(options.folder / "weights.safetensors")
    batches = [Batch(batch) for batch in problem["batches"]]

    plain = Training(problem, weights, dropout=0)
    losses = [plain.step(batch) for batch in batches[: problem["verifiedSteps"]]]
    print(json.dumps({"engine": f"PyTorch {torch.__version__}, {blas()}", "losses": losses}), flush=True)

    training = Training(problem, weights, dropout=problem["recipe"]["model"]["dropout"])
    rates = []
    turns = sys.stdin if options.turns else range(options.rounds)
    for _ in turns:
        words, seconds = one_round(training, batches, problem["stepsPerRound"])
        rates.append(words / seconds)
        if options.turns:
            print(json.dumps({"words": words, "seconds": seconds}), flush=True)
    if not options.turns:
        print(f"{statistics.median(rates):.0f} words/s, median of {options.rounds} rounds, {options.threads} threads")


def one_round(training, batches, steps):
    """One step to get going, then `steps` timed ones."""
    chosen = [batches[(training.steps + i) % len(batches)] for i in range(steps + 1)]
    training.step(chosen[0])
    begin = time.perf_counter()
    for batch in chosen[1:]:
        training.step(batch)
    return sum(batch.words for batch in chosen[1:]), time.perf_counter() - begin


if __name__ == "__main__":
    main()
