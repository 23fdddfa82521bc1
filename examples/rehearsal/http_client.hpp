// SPDX-License-Identifier: BSL-1.0
//
// A plain HTTP client over libcurl: one kept-alive connection, used by one thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rehearsal {

struct http_answer {
    int status = 0; ///< 0: no answer (refused, timed out, reset …)
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case

    /// The value of a header, null if there is none.
    [[nodiscard]] const std::string* header(const std::string& lower_case_name) const;
};

class http_client {
public:
    http_client();

    /// GET with an Authorization header (none if empty).
    http_answer get(const std::string& url,
                    const std::string& authorization,
                    std::chrono::milliseconds timeout);

    /// POST of a form with client_secret_basic.
    http_answer post(const std::string& url,
                     const std::string& form,
                     const std::string& client_id,
                     const std::string& client_secret,
                     std::chrono::milliseconds timeout);

private:
    struct closer {
        void operator()(void* easy) const noexcept;
    };

    http_answer send(const std::string& url,
                     const std::vector<std::string>& headers,
                     std::chrono::milliseconds timeout);

    std::unique_ptr<void, closer> easy_;
};

} // namespace rehearsal
