// A prepared fused program: how its arrays are walked, and the loop over tiles.
//
// Three ways to walk the arrays, from the cheapest:
//   flat    every input is contiguous or one value, every output contiguous: tiles of the flat memory;
//   runs    tiles within the inner runs, where an input may have any stride (0: one value per run);
//   packed  short runs, many to a tile: inputs that do not follow the flat order are copied into their buffer first.
// Arrays of one blocked layout are flat memory.
#pragma once

#include <algorithm>
#include <cstring>

#include "fused_program.hpp"
#include "strided.hpp"
#include "threads.hpp"

namespace nd::kernels::fused {

inline constexpr int max_values = 256;
inline constexpr int64_t buffer_bytes = 24576;  // of one thread's stack; with the streams of a few arrays it fits L1
inline constexpr int64_t largest_tile_bytes = 4096, smallest_tile_bytes = 256;

enum class Shape { kFlat, kRuns, kPacked };

struct Input {
    nd_unary_loop load = nullptr;  // conversion to the dtype of the program, for any stride
    int64_t item = 0;
    bool plain = false;     // already of that dtype
    bool uniform = false;   // one value for the whole array
    bool flat = false;      // contiguous in walking order
    bool periodic = false;  // varies along the inner axis only
    bool converted = false;
};

struct Output {
    nd_unary_loop store = nullptr;
    int64_t item = 0;
    int value = 0;
    bool flat = false;
    bool direct = false;  // the instruction that computes it writes the array itself
};

struct Fused {
    Program program;
    std::vector<Input> inputs;
    std::vector<Output> outputs;
    Walk walk;
    Shape shape = Shape::kFlat;
    int64_t item = 4, tile = 0, grain = 1;
    std::vector<int> buffer_of;
    std::vector<char> constants;          // in the dtype of the program
    std::vector<Instruction> once, each;  // of uniform values; of the others

    struct Frame {
        const char* pointer[max_values];
        int64_t stride[max_values];
        alignas(8) char uniform[max_values][8];
        alignas(ND_ALIGNMENT) char buffers[buffer_bytes];
    };

    void execute(const Instruction& i, Frame& f, int64_t n) const {
        const int a = i.operand[0], b = i.operand[1], c = i.operand[2];
        char* to = const_cast<char*>(f.pointer[i.result]);
        switch (i.kind) {
            case ND_FUSED_UNARY: i.unary(f.pointer[a], f.stride[a], to, item, n); break;
            case ND_FUSED_BINARY: i.binary(f.pointer[a], f.stride[a], f.pointer[b], f.stride[b], to, item, n); break;
            case ND_FUSED_SELECT:
                i.select(f.pointer[a], f.stride[a], f.pointer[b], f.stride[b], f.pointer[c], f.stride[c], to, n);
                break;
        }
    }

    // Everything that does not change from tile to tile.
    void open(Frame& f, char* const* in) const {
        const int64_t tile_bytes = tile * item;
        for (size_t v = 0; v < buffer_of.size(); ++v) {
            if (buffer_of[v] >= 0) f.pointer[v] = f.buffers + buffer_of[v] * tile_bytes;
            f.stride[v] = item;
        }
        for (size_t i = 0; i < inputs.size(); ++i) {
            if (!inputs[i].uniform) continue;
            inputs[i].load(in[i], inputs[i].item, f.uniform[i], item, 1);
            f.pointer[i] = f.uniform[i];
            f.stride[i] = 0;
        }
        for (int c = 0; c < program.constants; ++c) {
            f.pointer[program.inputs + c] = constants.data() + c * item;
            f.stride[program.inputs + c] = 0;
        }
        for (const Instruction& i : once) {
            for (int v : i.operand) f.stride[v] = item;  // a run of one element
            f.pointer[i.result] = f.uniform[i.result];
            execute(i, f, 1);
        }
        for (const Instruction& i : once) {
            for (int v : i.operand) f.stride[v] = 0;
            f.stride[i.result] = 0;
        }
    }

    void compute(Frame& f, int64_t n) const {
        for (const Instruction& i : each) execute(i, f, n);
    }

    char* buffer(Frame& f, size_t value) const { return f.buffers + buffer_of[value] * tile * item; }

    void run_flat(char* const* in, char* const* out, Frame& f, int64_t first, int64_t n) const {
        for (size_t i = 0; i < inputs.size(); ++i) {
            const Input& input = inputs[i];
            if (input.uniform) continue;
            const char* from = in[i] + first * input.item;
            if (input.converted) {
                input.load(from, input.item, buffer(f, i), item, n);
            } else {
                f.pointer[i] = from;
            }
        }
        for (size_t o = 0; o < outputs.size(); ++o) {
            if (outputs[o].direct) f.pointer[outputs[o].value] = out[o] + first * item;
        }
        compute(f, n);
        for (size_t o = 0; o < outputs.size(); ++o) {
            const Output& output = outputs[o];
            if (output.direct) continue;
            output.store(f.pointer[output.value], f.stride[output.value], out[o] + first * output.item, output.item, n);
        }
    }

    // Elements first … first+n-1 of the run at `offsets`.
    void run_part(char* const* in, char* const* out, Frame& f, const int64_t* offsets, int64_t first, int64_t n) const {
        for (size_t i = 0; i < inputs.size(); ++i) {
            const Input& input = inputs[i];
            if (input.uniform) continue;
            const int64_t stride = walk.inner_stride(static_cast<int>(i));
            const char* from = in[i] + offsets[i] + first * stride;
            if (input.converted) {
                f.pointer[i] = buffer(f, i);
                input.load(from, stride, buffer(f, i), item, stride ? n : 1);
                f.stride[i] = stride ? item : 0;
            } else {
                f.pointer[i] = from;
                f.stride[i] = stride;
            }
        }
        const auto place = [&](size_t o) {
            const size_t operand = inputs.size() + o;
            return out[o] + offsets[operand] + first * walk.inner_stride(static_cast<int>(operand));
        };
        for (size_t o = 0; o < outputs.size(); ++o) {
            if (outputs[o].direct) f.pointer[outputs[o].value] = place(o);
        }
        compute(f, n);
        for (size_t o = 0; o < outputs.size(); ++o) {
            const Output& output = outputs[o];
            if (output.direct) continue;
            const int64_t stride = walk.inner_stride(static_cast<int>(inputs.size() + o));
            output.store(f.pointer[output.value], f.stride[output.value], place(o), stride, n);
        }
    }

    // Fills n elements with copies of the one run of an input that repeats.
    void repeat_run(const char* from, size_t i, char* to, int64_t inner, int64_t n) const {
        inputs[i].load(from, walk.inner_stride(static_cast<int>(i)), to, item, inner);
        for (int64_t done = inner; done < n; done *= 2) {
            std::memcpy(to + done * item, to, static_cast<size_t>(std::min(done, n - done) * item));
        }
    }

    // Whole runs begin … end-1 in one tile.
    void run_packed(char* const* in, char* const* out, Frame& f, int64_t begin, int64_t end, bool first_tile) const {
        const int64_t inner = walk.inner_size(), n = (end - begin) * inner, first = begin * inner;
        bool scattered = false;
        for (size_t i = 0; i < inputs.size(); ++i) {
            const Input& input = inputs[i];
            if (input.uniform || !input.flat) continue;
            const char* from = in[i] + first * input.item;
            if (input.converted) {
                input.load(from, input.item, buffer(f, i), item, n);
            } else {
                f.pointer[i] = from;
            }
        }
        bool any = false;
        for (size_t i = 0; i < inputs.size(); ++i) {
            const Input& input = inputs[i];
            if (input.uniform || input.flat) continue;
            if (!input.periodic) any = true;
            if (input.periodic && first_tile) repeat_run(in[i], i, buffer(f, i), inner, n);
        }
        int64_t at = 0;
        walk.for_runs(begin, any ? end : begin, [&](const int64_t* offsets) {
            for (size_t i = 0; i < inputs.size(); ++i) {
                const Input& input = inputs[i];
                if (input.uniform || input.flat || input.periodic) continue;
                input.load(in[i] + offsets[i], walk.inner_stride(static_cast<int>(i)), buffer(f, i) + at * item, item, inner);
            }
            at += inner;
        });
        for (size_t o = 0; o < outputs.size(); ++o) {
            if (outputs[o].direct) f.pointer[outputs[o].value] = out[o] + first * item;
        }
        compute(f, n);
        for (size_t o = 0; o < outputs.size(); ++o) {
            const Output& output = outputs[o];
            if (output.direct) continue;
            if (output.flat) {
                output.store(f.pointer[output.value], f.stride[output.value], out[o] + first * output.item, output.item, n);
            } else {
                scattered = true;
            }
        }
        if (!scattered) return;
        at = 0;
        walk.for_runs(begin, end, [&](const int64_t* offsets) {
            for (size_t o = 0; o < outputs.size(); ++o) {
                const Output& output = outputs[o];
                if (output.direct || output.flat) continue;
                const size_t operand = inputs.size() + o;
                output.store(f.pointer[output.value] + at * f.stride[output.value], f.stride[output.value],
                             out[o] + offsets[operand], walk.inner_stride(static_cast<int>(operand)), inner);
            }
            at += inner;
        });
    }

    void run(char* const* in, char* const* out, char*) const {
        const int64_t total = walk.total(), inner = walk.inner_size(), outer = walk.outer_size();
        if (total == 0) return;
        if (shape == Shape::kFlat) {
            parallel_for(total, grain, [&](int64_t begin, int64_t end) {
                Frame f;
                open(f, in);
                for (int64_t i = begin; i < end; i += tile) run_flat(in, out, f, i, std::min(tile, end - i));
            });
        } else if (shape == Shape::kRuns) {
            // Numbered parts: of one long run as well as of many runs.
            const int64_t parts = (inner + tile - 1) / tile;
            parallel_for(outer * parts, std::max<int64_t>(1, grain / std::min(tile, inner)), [&](int64_t begin, int64_t end) {
                Frame f;
                open(f, in);
                int64_t part = begin % parts, left = end - begin;
                walk.for_runs(begin / parts, (end + parts - 1) / parts, [&](const int64_t* offsets) {
                    for (; part < parts && left > 0; ++part, --left) {
                        run_part(in, out, f, offsets, part * tile, std::min(tile, inner - part * tile));
                    }
                    part = 0;
                });
            });
        } else {
            const int64_t together = std::max<int64_t>(1, tile / inner);
            parallel_for(outer, std::max<int64_t>(1, grain / inner), [&](int64_t begin, int64_t end) {
                Frame f;
                open(f, in);
                for (int64_t r = begin; r < end; r += together)
                    run_packed(in, out, f, r, std::min(end, r + together), r == begin);
            });
        }
    }
};

}  // namespace nd::kernels::fused
