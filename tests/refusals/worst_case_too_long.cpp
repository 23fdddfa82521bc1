// SPDX-License-Identifier: BSL-1.0
// refused: static assertion failed|static_assert failed
// refused: the page has to stand after a second
#include <outlast/outlast.hpp>

using namespace std::chrono_literals;

#ifdef OUTLAST_REFUSAL_FIXED
constexpr outlast::pipeline guarded{outlast::timeout{800ms}, outlast::retry{},
                                    outlast::timeout{400ms}};
#else
constexpr outlast::pipeline guarded{outlast::retry{}, outlast::timeout{400ms}};
#endif

static_assert(outlast::worst_case(guarded).latency <= 1s, "the page has to stand after a second");

int main() {}
