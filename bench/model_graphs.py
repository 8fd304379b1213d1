"""The time of one token from a CUDA graph, in which the host takes no part: the model's kernels alone, and the gaps between
them. The cache has a fixed size, as a graph needs it."""

import statistics

import torch
import transformers

WARM_UP, REPLAYS = 3, 50


def token_us(arm, inputs):
    """Median time of a replay, which makes one token of each sequence. Raises RuntimeError where the model cannot be
    captured."""
    arm.model.eval()
    prompt = inputs["input_ids"]
    last = prompt.shape[1] + WARM_UP + 1 + REPLAYS
    cache = transformers.StaticCache(config=arm.model.config, max_cache_len=last)
    with torch.no_grad():
        token = arm.model(input_ids=prompt, past_key_values=cache, use_cache=True).logits[:, -1:].argmax(-1)
        place = torch.full((1, 1), prompt.shape[1], device=token.device)
        make = lambda: token.copy_(next_token(arm.model, cache, token, place))  # noqa: E731
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                make()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            make()
        return 1e3 * statistics.median(replay_ms(graph) for _ in range(REPLAYS))


def next_token(model, cache, token, place):
    """The most probable token after `token`, which is at `place`; moves the place on."""
    logits = model(input_ids=token, position_ids=place, past_key_values=cache, use_cache=True).logits
    place.add_(1)
    return logits[:, -1:].argmax(-1)


def replay_ms(graph):
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    graph.replay()
    end.record()
    end.synchronize()
    return start.elapsed_time(end)
