// SPDX-License-Identifier: BSL-1.0
#include "http_client.hpp"

#include "form.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <new>
#include <string_view>

namespace rehearsal {

namespace {

constexpr std::size_t largest_answer = 64 * 1024;

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
    auto& answer = *static_cast<http_answer*>(user);
    if (answer.body.size() + size * count > largest_answer) {
        return 0; // libcurl gives up
    }
    answer.body.append(data, size * count);
    return size * count;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) {
    auto& answer = *static_cast<http_answer*>(user);
    std::string_view line{data, size * count};
    const auto colon = line.find(':');
    if (colon != line.npos) {
        std::string name{line.substr(0, colon)};
        std::ranges::transform(name, name.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        line.remove_prefix(colon + 1);
        const auto first = line.find_first_not_of(" \t\r\n");
        const auto last = line.find_last_not_of(" \t\r\n");
        answer.headers.emplace_back(
            std::move(name),
            first == line.npos ? std::string{} : std::string{line.substr(first, last - first + 1)});
    }
    return size * count;
}

} // namespace

const std::string* http_answer::header(const std::string& lower_case_name) const {
    const auto found = std::ranges::find(headers, lower_case_name, [](auto& h) { return h.first; });
    return found == headers.end() ? nullptr : &found->second;
}

void http_client::closer::operator()(void* easy) const noexcept { curl_easy_cleanup(easy); }

http_client::http_client() : easy_{curl_easy_init()} {
    if (!easy_) {
        throw std::bad_alloc{};
    }
}

http_answer http_client::get(const std::string& url,
                             const std::string& authorization,
                             std::chrono::milliseconds timeout) {
    curl_easy_reset(easy_.get());
    curl_easy_setopt(easy_.get(), CURLOPT_HTTPGET, 1L);
    std::vector<std::string> headers;
    if (!authorization.empty()) {
        headers.push_back("Authorization: " + authorization);
    }
    return send(url, headers, timeout);
}

http_answer http_client::post(const std::string& url,
                              const std::string& form,
                              const std::string& client_id,
                              const std::string& client_secret,
                              std::chrono::milliseconds timeout) {
    curl_easy_reset(easy_.get());
    curl_easy_setopt(easy_.get(), CURLOPT_POST, 1L);
    curl_easy_setopt(easy_.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(form.size()));
    curl_easy_setopt(easy_.get(), CURLOPT_POSTFIELDS, form.c_str());
    curl_easy_setopt(easy_.get(), CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(easy_.get(), CURLOPT_USERNAME, form_encode(client_id).c_str());
    curl_easy_setopt(easy_.get(), CURLOPT_PASSWORD, form_encode(client_secret).c_str());
    return send(url, {"Accept: application/json"}, timeout);
}

http_answer http_client::send(const std::string& url,
                              const std::vector<std::string>& headers,
                              std::chrono::milliseconds timeout) {
    http_answer answer;
    CURL* easy = easy_.get();
    curl_slist* list = nullptr;
    for (const std::string& header : headers) {
        list = curl_slist_append(list, header.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &answer);
    if (url.starts_with("http://127.0.0.1")) {
        curl_easy_setopt(easy, CURLOPT_PROXY, ""); // whatever the environment says
    }
    if (curl_easy_perform(easy) == CURLE_OK) {
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        answer.status = static_cast<int>(status);
    } else {
        answer = {};
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, nullptr);
    curl_slist_free_all(list);
    return answer;
}

} // namespace rehearsal
