-- SPDX-License-Identifier: BSL-1.0
--
-- Asks the introspection gateway about a request: `http-request lua.introspect http://127.0.0.1:8480/auth/orders`.
-- Leaves what it said in variables: txn.auth_status, txn.auth_challenge, txn.auth_retry_after, and
-- txn.auth_subject, txn.auth_client, txn.auth_scope, txn.auth_how for the API.

local variables = {
    auth_challenge = "www-authenticate",
    auth_retry_after = "retry-after",
    auth_subject = "x-auth-subject",
    auth_client = "x-auth-client",
    auth_scope = "x-auth-scope",
    auth_how = "x-auth-how",
}

core.register_action("introspect", { "http-req" }, function(txn, url)
    -- All of them, as they came: that two are one too many is for the gateway to say.
    local sent = {}
    local authorization = txn.http:req_get_headers()["authorization"]
    if authorization ~= nil then
        local values = {}
        for i = 0, #authorization do
            values[#values + 1] = authorization[i]
        end
        sent["authorization"] = values
    end
    local answer = core.httpclient():get{ url = url, headers = sent, timeout = 5000 }
    local said = answer ~= nil and answer.headers or {}
    txn:set_var("txn.auth_status", answer ~= nil and answer.status or 0)
    for name, header in pairs(variables) do
        local values = said[header]
        txn:set_var("txn." .. name, values ~= nil and values[0] or "")
    end
end, 1)
