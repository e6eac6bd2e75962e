// The HTTP door by URLSession, for iOS and macOS. Not compiled here: a test parses it.

// docs: http-door-swift
import Foundation

let door = URL(string: "https://api.example.com/v1/")!

/// What waits for a code. Keep it in the keychain until it is answered: it continues after a restart, too.
struct Pending: Codable {
    var emailOrPhone: String
    var continuation: String
    var codeLength: Int?
    var resume: String?
}

struct Tokens: Codable {
    var accessToken: String
    var idToken: String
    var refreshToken: String
    var expiresIn: Int
}

struct Reply: Codable {
    var status: String?
    var isNew: Bool?
    var tokens: Tokens?
    var continuation: String?
    var codeLength: Int?
    var resume: String?
    var attemptsLeft: Int?
    var expiresIn: Int?
    var resendAfter: Int?
}

/// A problem of the door: `type` is `urn:latchstring:error:` and its name.
struct Problem: Codable, Error {
    var type: String
    var detail: String?
    var retryAfter: Int?
    var continuation: String?
}

func call(_ path: String, _ body: [String: String], accessToken: String? = nil) async throws -> Reply {
    var request = URLRequest(url: URL(string: path, relativeTo: door)!)
    request.httpMethod = "POST"
    request.setValue("application/json", forHTTPHeaderField: "content-type")
    if let accessToken {
        request.setValue("Bearer \(accessToken)", forHTTPHeaderField: "authorization")
    }
    request.httpBody = try JSONEncoder().encode(body)
    let (content, response) = try await URLSession.shared.data(for: request)
    guard let http = response as? HTTPURLResponse, http.statusCode == 200 else {
        throw try JSONDecoder().decode(Problem.self, from: content)
    }
    return try JSONDecoder().decode(Reply.self, from: content)
}

/// Has a code sent; with the `resume` of an earlier reply it goes on with that code, and sends nothing.
func signIn(_ emailOrPhone: String, resume: String? = nil) async throws -> Pending {
    var body = ["emailOrPhone": emailOrPhone]
    body["resume"] = resume
    return try pending(emailOrPhone, await call("sign-in", body))
}

/// Has a code sent to a new contact. It is answered like a sign-in.
func changeContact(_ emailOrPhone: String, accessToken: String) async throws -> Pending {
    let body = ["emailOrPhone": emailOrPhone]
    return try pending(emailOrPhone, await call("contacts/change", body, accessToken: accessToken))
}

func pending(_ emailOrPhone: String, _ reply: Reply) throws -> Pending {
    guard let continuation = reply.continuation else { throw URLError(.badServerResponse) }
    return Pending(
        emailOrPhone: emailOrPhone, continuation: continuation,
        codeLength: reply.codeLength, resume: reply.resume)
}

/// A call in a sign-in: each reply has the continuation for the next one, a problem perhaps.
func proceed(_ path: String, _ pending: inout Pending, _ body: [String: String]) async throws -> Reply {
    var body = body
    body["continuation"] = pending.continuation
    do {
        let reply = try await call(path, body)
        pending.continuation = reply.continuation ?? pending.continuation
        return reply
    } catch let problem as Problem {
        pending.continuation = problem.continuation ?? pending.continuation
        throw problem
    }
}

/// Answers with the code: `tokens` if it was right, which makes the account, too, or `attemptsLeft`.
func answer(_ pending: inout Pending, code: String) async throws -> Reply {
    try await proceed("sign-in/answer", &pending, ["answer": code])
}

/// Has the same code sent once more, if `resendAfter` seconds have passed.
func resend(_ pending: inout Pending) async throws -> Reply {
    try await proceed("sign-in/resend", &pending, [:])
}
// end
