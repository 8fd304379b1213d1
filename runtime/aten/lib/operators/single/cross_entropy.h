// torch.ops.gems.cross_entropy: the losses of rows, reduced.
#pragma once

namespace torch {
class Library;
}

namespace gems::aten {

// cross_entropy(logits, target, weight=None, reduction="mean", ignore_index=-100, label_smoothing=0.0): as
// torch.nn.functional.cross_entropy with indices of classes. logits: [C], [N, C] or [N, C, d1, ...]; target: the same
// without C; weight: [C]. Its gradient reads the logits again and keeps no log-probabilities. Losses are computed and
// summed up in f32 (f64 of f64) and have the logits' dtype. NaN for a target that is no class. Throws c10::Error for
// other dtypes, shapes and reductions.
void register_cross_entropy(torch::Library& library);

}  // namespace gems::aten
