"""Distil a bilingual encoder from all-MiniLM-L6-v2.

The student reads Italian and English; both must land on the teacher's vector of the English text
(Reimers and Gurevych, "Making Monolingual Sentence Embeddings Multilingual using Knowledge
Distillation", EMNLP 2020), with an in-batch contrastive term that keeps different texts apart.
"""

import argparse
import json
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from pairs import epochs, long_texts, noisy, read_pairs, weight


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("--pairs", type=Path, nargs="+", required=True)
    p.add_argument("--student", type=Path, required=True)
    p.add_argument("--teacher", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--steps", type=int, default=12000)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--rate", type=float, default=3e-4)
    p.add_argument("--warmup", type=int, default=300)
    p.add_argument("--english", type=float, default=0.5)
    p.add_argument("--contrast", type=float, default=0.1)
    p.add_argument("--everyday", type=float, default=4.0)
    p.add_argument("--machine", type=float, default=0.5)
    p.add_argument("--long", type=int, default=20000)
    p.add_argument("--long-share", type=float, default=0.12)
    p.add_argument("--save-every", type=int, default=1000)
    p.add_argument("--seed", type=int, default=20261122)
    p.add_argument("--bf16", action="store_true")
    p.add_argument("--stop-at", type=int, default=10**9)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    a.out.mkdir(parents=True, exist_ok=True)
    from sentence_transformers import SentenceTransformer

    pairs = read_pairs(a.pairs)
    longs = long_texts(pairs, a.long, a.seed)
    teacher = SentenceTransformer(str(a.teacher), device="cpu")
    cache = a.out.parent / "teacher"
    cache.mkdir(exist_ok=True)
    targets = np.concatenate(
        [
            teach(teacher, [x.english for x in read_pairs([file])], cache / f"{file.name}.npy")
            for file in a.pairs
        ]
    )
    targets_long = teach(
        teacher, [x.english for x in longs], cache / f"long-{a.long}-{a.seed}-{len(pairs)}.npy"
    )
    model = SentenceTransformer(str(a.student), device="cpu")
    model.max_seq_length = 256
    optimiser = torch.optim.AdamW(model.parameters(), lr=a.rate, weight_decay=0.01, betas=(0.9, 0.98))
    start = resume(a.out, model, optimiser)
    draw = epochs([weight(x, a.everyday, a.machine) for x in pairs], 65536, a.seed)
    draw_long = epochs([1.0] * len(longs), 65536, a.seed + 1)
    log = (a.out / "log.jsonl").open("a")
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    began = time.time()
    for step in range(a.steps):
        random_ = random.Random(a.seed * 100003 + step)
        is_long = random_.random() < a.long_share
        size = max(8, a.batch // 6) if is_long else a.batch
        # drawing is cheap and must stay in step with the seed, also for steps done before a stop
        source, vectors = (longs, targets_long) if is_long else (pairs, targets)
        chosen = [next(draw_long if is_long else draw) for _ in range(size)]
        if step < start:
            continue
        if step >= a.stop_at:
            break
        lr = (
            a.rate
            * min(1.0, (step + 1) / a.warmup)
            * max(0.02, 0.5 * (1 + math.cos(math.pi * step / a.steps)))
        )
        for group in optimiser.param_groups:
            group["lr"] = lr
        italian = [noisy(source[i].italian, random_) for i in chosen]
        keep = chosen[: int(a.english * size)]
        texts = italian + [source[i].english for i in keep]
        goal = torch.from_numpy(np.asarray(vectors[chosen + keep], dtype=np.float32))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=a.bf16):
            out = forward(model, texts)
        out = F.normalize(out.float(), dim=1)
        distance = ((out - goal) ** 2).sum(1).mean()
        anchors = goal[: len(chosen)]
        same = (anchors @ anchors.T > 0.95) & ~torch.eye(len(chosen), dtype=torch.bool)
        logits = (20.0 * out[: len(chosen)] @ anchors.T).masked_fill(same, -1e4)
        contrast = F.cross_entropy(logits, torch.arange(len(chosen)))
        loss = distance + a.contrast * contrast
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 20 == 0:
            row = {
                "step": step,
                "long": is_long,
                "distance": round(distance.item(), 4),
                "contrast": round(contrast.item(), 4),
                "lr": lr,
                "seconds": round(time.time() - began, 1),
            }
            log.write(json.dumps(row) + "\n")
            log.flush()
            if step % 100 == 0:
                print(row, flush=True)
        if (step + 1) % a.save_every == 0 or step + 1 == a.steps:
            save(a.out, model, optimiser, step + 1)


def forward(model, texts):
    """Encode sorted by length in two halves, so that little of the batch is padding."""
    lengths = [len(t) for t in texts]
    order = sorted(range(len(texts)), key=lengths.__getitem__)
    parts = []
    for half in np.array_split(order, 4):
        batch = [texts[i] for i in half]
        features = model.preprocess(batch) if hasattr(model, "preprocess") else model.tokenize(batch)
        parts.append(model(features)["sentence_embedding"])
    joined = torch.cat(parts)
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return joined[back]


def teach(teacher, texts, file):
    if file.exists():
        return np.load(file, mmap_mode="r")
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    out = np.empty((len(texts), teacher.get_embedding_dimension()), np.float16)
    for s in range(0, len(order), 4096):
        ids = order[s : s + 4096]
        out[ids] = teacher.encode(
            [texts[i] for i in ids], batch_size=64, normalize_embeddings=True, show_progress_bar=False
        )
        print("teacher", s, len(texts), flush=True)
    np.save(file, out)
    return out


def save(folder, model, optimiser, step):
    part = folder / "state.partial"
    torch.save({"step": step, "model": model.state_dict(), "optimiser": optimiser.state_dict()}, part)
    part.replace(folder / "state.pt")
    torch.save({k: v.half() for k, v in model.state_dict().items()}, folder / f"weights-{step}.pt")


def resume(folder, model, optimiser):
    file = folder / "state.pt"
    if not file.exists():
        return 0
    state = torch.load(file, weights_only=True)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    return state["step"]


if __name__ == "__main__":
    main()
