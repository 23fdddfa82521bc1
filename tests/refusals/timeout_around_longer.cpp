// SPDX-License-Identifier: BSL-1.0
// refused: pipeline: a timeout stands outside a longer one, which never fires: put the longer one outside
// refused: or make the inner one shorter
// refused: constant expression
#include <outlast/outlast.hpp>

using namespace std::chrono_literals;

#ifdef OUTLAST_REFUSAL_FIXED
constexpr outlast::pipeline guarded{outlast::timeout{2s}, outlast::retry{}, outlast::timeout{1s}};
#else
constexpr outlast::pipeline guarded{outlast::timeout{1s}, outlast::retry{}, outlast::timeout{2s}};
#endif

int main() {}
