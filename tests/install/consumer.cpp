// SPDX-License-Identifier: BSL-1.0
//
// What every consumer can do: the headers of the core, and Boost's.
#include <outlast/outlast.hpp>

#include <iostream>

int main() {
    outlast::pipeline guarded{outlast::retry{{.max_attempts = 3}}};
    std::cout << "outlast " << OUTLAST_VERSION_MAJOR << '.' << OUTLAST_VERSION_MINOR << '.'
              << OUTLAST_VERSION_PATCH << ": " << guarded([] { return 7; }).value() << '\n';
}
