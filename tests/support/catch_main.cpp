// SPDX-License-Identifier: BSL-1.0
//
// main() of each Catch2 program, and a listener that notes every test case in the folder named by
// OUTLAST_TALLY, one line each as it happens, so that `tests/run` can count cases (not programs)
// and sees the case in which a program died.
#define CATCH_CONFIG_RUNNER
#include "support/catch.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

std::string outlast_tests::skip_reason;

namespace {

#if OUTLAST_TESTS_CATCH2 == 3
using listener = Catch::EventListenerBase;
#else
using listener = Catch::TestEventListenerBase;
#endif

std::string program;

class tally : public listener {
public:
    using listener::listener;

    void testRunStarting(Catch::TestRunInfo const&) override {
        if (char const* const folder = std::getenv("OUTLAST_TALLY")) {
            auto const path =
                std::string{folder} + "/" + program + "." + std::to_string(::getpid());
            file_ = std::fopen(path.c_str(), "a");
        }
    }

    void testCaseStarting(Catch::TestCaseInfo const& info) override {
        outlast_tests::skip_reason.clear();
        name_ = info.name;
        note("start");
    }

    void testCaseEnded(Catch::TestCaseStats const& stats) override {
        if (stats.totals.testCases.failed != 0) {
            note("fail");
        } else if (outlast_tests::skip_reason.empty()) {
            note("pass");
        } else {
            name_ += ": " + outlast_tests::skip_reason;
            note("skip");
        }
    }

    void testRunEnded(Catch::TestRunStats const&) override {
        if (file_ != nullptr) {
            std::fclose(file_);
            file_ = nullptr;
        }
    }

private:
    void note(char const* what) {
        if (file_ != nullptr) {
            std::fprintf(file_, "%s %s\n", what, name_.c_str());
            std::fflush(file_);
        }
    }

    std::FILE* file_ = nullptr;
    std::string name_;
};

CATCH_REGISTER_LISTENER(tally)

} // namespace

int main(int argc, char** argv) {
    program = argv[0];
    program.erase(0, program.rfind('/') + 1);
    return Catch::Session().run(argc, argv);
}
