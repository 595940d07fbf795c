#include <algorithm>
#include <stdexcept>

#include "core/table.hpp"
#include "graph/plan.hpp"

namespace nd {
namespace {

using BufferKind = PlanBuffer::Kind;

size_t aligned(size_t bytes) { return (bytes + ND_ALIGNMENT - 1) / ND_ALIGNMENT * ND_ALIGNMENT; }

}  // namespace

PlanBuilder::PlanBuilder(const nd_kernel_table* table, bool check_numerics) : plan_(new Plan) {
    if (table == nullptr) throw std::invalid_argument("a plan needs a native backend; none is active");
    plan_->table_ = table;
    plan_->check_numerics_ = check_numerics;
}

PlanBuffer& PlanBuilder::at(int buffer) {
    if (!plan_) throw std::invalid_argument("this plan is already built");
    if (buffer < 0 || static_cast<size_t>(buffer) >= plan_->buffers_.size()) {
        throw std::invalid_argument("no buffer has number " + std::to_string(buffer));
    }
    return plan_->buffers_[static_cast<size_t>(buffer)];
}

int PlanBuilder::add(PlanBuffer buffer) {
    if (!plan_) throw std::invalid_argument("this plan is already built");
    const int index = static_cast<int>(plan_->buffers_.size());
    if (buffer.root < 0) buffer.root = index;
    plan_->buffers_.push_back(std::move(buffer));
    return index;
}

int PlanBuilder::input(int dtype, const Dims& shape) {
    PlanBuffer b{BufferKind::kInput, dtype, shape, contiguous_strides(shape), {}};
    b.slot = static_cast<int>(plan_->inputs_.size());
    const int index = add(std::move(b));
    plan_->inputs_.push_back(index);
    return index;
}

int PlanBuilder::scalar(int dtype) {
    if (dtype != ND_INT64 && dtype != ND_FLOAT64) throw std::invalid_argument("a plan scalar is int64 or float64");
    PlanBuffer b{BufferKind::kScalar, dtype, {}, {}, {}};
    b.slot = static_cast<int>(plan_->scalars_.size());
    b.bytes = sizeof(int64_t);
    const int index = add(std::move(b));
    plan_->scalars_.push_back(index);
    return index;
}

int PlanBuilder::array(const Array& array, bool constant) {
    PlanBuffer b{BufferKind::kArray, array.dtype, array.shape, array.strides, array};
    b.constant = constant;
    return add(std::move(b));
}

int PlanBuilder::temp(int dtype, const Dims& shape) {
    PlanBuffer b{BufferKind::kTemp, dtype, shape, contiguous_strides(shape), {}};
    b.bytes = static_cast<size_t>(checked_numel(shape, item_size(dtype)) * item_size(dtype));
    return add(std::move(b));
}

int PlanBuilder::view(int buffer, const Dims& shape, const Dims& strides, int64_t offset) {
    const PlanBuffer& base = at(buffer);
    PlanBuffer b{BufferKind::kView, base.dtype, shape, strides, {}};
    b.root = base.root;
    b.offset = base.offset + offset * item_size(base.dtype);
    return add(std::move(b));
}

nd_desc PlanBuilder::describe(int buffer) {
    const PlanBuffer& b = at(buffer);
    nd_desc d{b.dtype, b.shape.size(), b.shape.data(), b.strides.data(), nullptr, 0};
    if (b.kind == BufferKind::kTemp) d.layout = b.layout;
    if (at(b.root).constant) d.flags |= ND_DESC_CONSTANT;
    return d;
}

int PlanBuilder::plain(int root) {
    if (at(root).layout == nullptr) return root;
    if (at(root).plain >= 0) return at(root).plain;
    const int copy = temp(at(root).dtype, at(root).shape);
    nd_desc in = describe(root), out = describe(copy);
    const nd_kernel* kernel = find_kernel(plan_->table_, "reorder");
    nd_error error{};
    nd_call call{&in, &out, nullptr, nullptr, 1, 1, 0, 0};
    PlanStep step;
    if (kernel == nullptr || kernel->prepare(&call, &step.prepared, &error) != ND_OK) {
        throw std::runtime_error(std::string("reorder: ") + error.text);
    }
    step.kernel = "reorder";
    step.label = label_;
    step.blocked = true;
    step.in = {{root, 0}};
    step.out = {{copy, 0}};
    step.in_buffers = {root};
    step.out_buffers = {copy};
    plan_->steps_.push_back(std::move(step));
    at(root).plain = copy;
    return copy;
}

PlanRef PlanBuilder::resolve(int buffer) {
    if (buffer < 0) return {};
    const PlanBuffer& b = at(buffer);
    if (b.kind != BufferKind::kView) return {b.root, b.offset};
    const int64_t offset = b.offset;
    return {plain(b.root), offset};
}

void PlanBuilder::written(int buffer, nd_layout* layout) {
    PlanBuffer& root = at(at(buffer).root);
    if (root.layout != nullptr) plan_->table_->layout_release(root.layout);
    root.layout = layout;
    root.plain = -1;
    if (layout != nullptr) root.bytes = plan_->table_->layout_bytes(layout);
}

bool PlanBuilder::step(const std::string& name, const std::vector<int>& in, const std::vector<int>& out,
                       const std::vector<int64_t>& ints, const std::vector<double>& reals) {
    if (!plan_) throw std::invalid_argument("this plan is already built");
    const nd_kernel* kernel = find_kernel(plan_->table_, name.c_str());
    if (kernel == nullptr) return false;
    PlanStep step;
    step.kernel = name;
    step.label = label_;
    step.in_buffers = in;
    step.out_buffers = out;
    const nd_desc absent{-1, 0, nullptr, nullptr, nullptr, 0};

    const auto prepare = [&](bool all_plain, std::vector<nd_desc>& outs, nd_error& error) {
        std::vector<nd_desc> ins;
        step.in.clear();
        for (const int b : in) {
            if (b < 0) {
                ins.push_back(absent);
                step.in.push_back({});
            } else if (all_plain && at(b).kind == BufferKind::kTemp && at(b).layout != nullptr) {
                const int copy = plain(b);
                ins.push_back(describe(copy));
                step.in.push_back({copy, 0});
            } else {
                step.in.push_back(resolve(b));
                ins.push_back(describe(b));
            }
        }
        outs.clear();
        for (const int b : out) {
            outs.push_back(b < 0 ? absent : describe(b));
            outs.back().layout = nullptr;
            if (b >= 0 && at(b).kind == BufferKind::kTemp) outs.back().flags |= ND_DESC_LAYOUT_FREE;
        }
        const nd_call call{ins.data(),
                           outs.data(),
                           ints.data(),
                           reals.data(),
                           static_cast<int32_t>(ins.size()),
                           static_cast<int32_t>(outs.size()),
                           static_cast<int32_t>(ints.size()),
                           static_cast<int32_t>(reals.size())};
        const nd_status status = kernel->prepare(&call, &step.prepared, &error);
        step.blocked = std::any_of(ins.begin(), ins.end(), [](const nd_desc& d) { return d.layout != nullptr; });
        return status;
    };

    nd_error error{};
    std::vector<nd_desc> outs;
    nd_status status = prepare(false, outs, error);
    if (status == ND_NEEDS_PLAIN) status = prepare(true, outs, error);
    if (status == ND_UNSUPPORTED) return false;
    if (status != ND_OK) {
        throw std::invalid_argument(name + (label_.empty() ? "" : " (" + label_ + ")") + ": " +
                                    (error.text[0] != 0 ? error.text : "the kernel refused these shapes"));
    }
    for (size_t i = 0; i < out.size(); ++i) {
        if (out[i] < 0) {
            step.out.push_back({});
            continue;
        }
        // A view of a blocked root is never written: roots that are written in parts are plain from the start.
        step.out.push_back({at(out[i]).root, at(out[i]).offset});
        written(out[i], outs[i].layout);
        step.blocked |= outs[i].layout != nullptr;
    }
    plan_->steps_.push_back(std::move(step));
    return true;
}

void PlanBuilder::callback(std::string name, std::unique_ptr<PlanCallback> callback, const std::vector<int>& in,
                           const std::vector<int>& out) {
    if (!plan_) throw std::invalid_argument("this plan is already built");
    PlanStep step;
    step.kernel = std::move(name);
    step.label = label_;
    step.callback = std::move(callback);
    for (const int b : in) {
        if (b < 0) {
            step.in_buffers.push_back(-1);
            step.in.push_back({});
            continue;
        }
        const int buffer = at(b).kind == BufferKind::kTemp ? plain(b) : b;
        step.in_buffers.push_back(buffer);
        step.in.push_back(resolve(buffer));
    }
    for (const int b : out) {
        step.out_buffers.push_back(b);
        step.out.push_back({at(b).root, at(b).offset});
        written(b, nullptr);
    }
    plan_->steps_.push_back(std::move(step));
}

void PlanBuilder::output(int buffer) {
    int target = buffer;
    if (at(buffer).kind == BufferKind::kTemp) target = plain(buffer);
    const bool own = at(target).kind == BufferKind::kTemp && !at(target).output;
    if (!own) {
        // Not a temporary of the plan's own (or returned twice): hand out a copy.
        const int copy = temp(at(buffer).dtype, at(buffer).shape);
        if (!step("copy", {buffer}, {copy}, {}, {})) {
            throw std::invalid_argument("the backend has no copy kernel for this output's dtype");
        }
        target = plain(copy);
    }
    at(target).output = true;
    at(target).slot = static_cast<int>(plan_->outputs_.size());
    plan_->outputs_.push_back(target);
}

void PlanBuilder::lifetimes() {
    auto& buffers = plan_->buffers_;
    for (size_t s = 0; s < plan_->steps_.size(); ++s) {
        const PlanStep& step = plan_->steps_[s];
        for (const PlanRef& ref : step.in) {
            if (ref.root < 0) continue;
            PlanBuffer& b = buffers[static_cast<size_t>(ref.root)];
            if (b.kind == BufferKind::kTemp && b.first < 0) {
                throw std::invalid_argument(step.kernel + ": reads a temporary that no earlier step wrote");
            }
            b.last = static_cast<int>(s);
        }
        for (const PlanRef& ref : step.out) {
            if (ref.root < 0) continue;
            PlanBuffer& b = buffers[static_cast<size_t>(ref.root)];
            if (b.first < 0) b.first = static_cast<int>(s);
            b.last = static_cast<int>(s);
        }
    }
    for (const int out : plan_->outputs_) {
        if (buffers[static_cast<size_t>(out)].first < 0) throw std::invalid_argument("an output that no step writes");
    }
}

void PlanBuilder::share_in_place() {
    auto& buffers = plan_->buffers_;
    for (size_t s = 0; s < plan_->steps_.size(); ++s) {
        const PlanStep& step = plan_->steps_[s];
        if (step.callback || step.out.empty() || step.out[0].root < 0 || step.prepared.inplace == 0) continue;
        PlanBuffer& out = buffers[static_cast<size_t>(step.out[0].root)];
        if (out.kind != BufferKind::kTemp || out.output || out.first != static_cast<int>(s) || step.out[0].offset != 0)
            continue;
        for (size_t i = 0; i < step.in.size() && i < 32; ++i) {
            if ((step.prepared.inplace >> i & 1U) == 0 || step.in[i].root < 0) continue;
            PlanBuffer& in = buffers[static_cast<size_t>(step.in[i].root)];
            const bool dies_here = in.kind == BufferKind::kTemp && !in.output && in.last == static_cast<int>(s);
            const auto uses =
                std::count_if(step.in.begin(), step.in.end(), [&](const PlanRef& r) { return r.root == step.in[i].root; });
            if (!dies_here || uses != 1 || step.in[i].offset != 0 || in.bytes != out.bytes) continue;
            int owner = step.in[i].root;
            while (buffers[static_cast<size_t>(owner)].shares >= 0) owner = buffers[static_cast<size_t>(owner)].shares;
            out.shares = owner;
            PlanBuffer& holder = buffers[static_cast<size_t>(owner)];
            holder.last = std::max(holder.last, out.last);
            break;
        }
    }
}

void PlanBuilder::place() {
    // Largest first, each at the lowest offset that is free during its life: within a few percent of optimal on net graphs.
    auto& buffers = plan_->buffers_;
    std::vector<size_t> order;
    for (size_t i = 0; i < buffers.size(); ++i) {
        const PlanBuffer& b = buffers[i];
        if (b.kind == BufferKind::kTemp && !b.output && b.shares < 0 && b.first >= 0) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
    std::vector<size_t> placed;  // by offset
    size_t end = 0;
    for (const size_t i : order) {
        PlanBuffer& b = buffers[i];
        const size_t need = aligned(std::max<size_t>(b.bytes, 1));
        size_t offset = 0;
        for (const size_t j : placed) {
            const PlanBuffer& other = buffers[j];
            if (other.first > b.last || other.last < b.first) continue;
            if (other.arena >= offset + need) break;
            offset = std::max(offset, other.arena + aligned(std::max<size_t>(other.bytes, 1)));
        }
        b.arena = offset;
        end = std::max(end, offset + need);
        placed.insert(std::upper_bound(placed.begin(), placed.end(), i,
                                       [&](size_t x, size_t y) { return buffers[x].arena < buffers[y].arena; }),
                      i);
    }
    for (PlanBuffer& b : buffers) {
        if (b.shares >= 0) b.arena = buffers[static_cast<size_t>(b.shares)].arena;
    }
    size_t scratch = 0;
    for (const PlanStep& step : plan_->steps_) scratch = std::max(scratch, step.prepared.scratch_bytes);
    plan_->scratch_offset_ = end;
    plan_->arena_bytes_ = end + aligned(scratch);
}

std::unique_ptr<Plan> PlanBuilder::build() {
    if (!plan_) throw std::invalid_argument("this plan is already built");
    lifetimes();
    share_in_place();
    place();
    return std::move(plan_);
}

}  // namespace nd
