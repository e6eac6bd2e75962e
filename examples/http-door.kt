// The HTTP door for Android, without a library: HttpURLConnection and org.json are part of it. Not
// compiled here: a test parses it.

// docs: http-door-kotlin
import java.net.HttpURLConnection
import java.net.URL
import org.json.JSONObject

const val DOOR = "https://api.example.com/v1/"

/** A problem of the door: its name, and all of its members. */
class Problem(val members: JSONObject) : Exception(members.optString("detail")) {
    val name: String = members.optString("type").substringAfterLast(":")
}

/** Blocks: call it in `withContext(Dispatchers.IO)`. */
fun call(path: String, body: JSONObject, accessToken: String? = null): JSONObject {
    val connection = URL(DOOR + path).openConnection() as HttpURLConnection
    connection.requestMethod = "POST"
    connection.doOutput = true
    connection.setRequestProperty("content-type", "application/json")
    if (accessToken != null) connection.setRequestProperty("authorization", "Bearer $accessToken")
    connection.outputStream.use { it.write(body.toString().toByteArray()) }
    if (connection.responseCode == 200) {
        return JSONObject(connection.inputStream.bufferedReader().readText())
    }
    throw Problem(JSONObject(connection.errorStream.bufferedReader().readText()))
}

/**
 * Has a code sent, and returns what waits for it. Keep that until it is answered: it continues in a
 * new process, too. With the `resume` of an earlier reply it goes on with that code, and sends nothing.
 */
fun signIn(emailOrPhone: String, resume: String? = null): JSONObject {
    val given = JSONObject().put("emailOrPhone", emailOrPhone).putOpt("resume", resume)
    return call("sign-in", given).put("emailOrPhone", emailOrPhone)
}

/** Has a code sent to a new contact. It is answered like a sign-in. */
fun changeContact(accessToken: String, emailOrPhone: String): JSONObject {
    val given = JSONObject().put("emailOrPhone", emailOrPhone)
    return call("contacts/change", given, accessToken).put("emailOrPhone", emailOrPhone)
}

/** A call in a sign-in: each reply has the continuation for the next one, a problem perhaps. */
fun proceed(path: String, pending: JSONObject, body: JSONObject): JSONObject {
    try {
        val reply = call(path, body.put("continuation", pending.getString("continuation")))
        pending.putOpt("continuation", reply.opt("continuation"))
        return reply
    } catch (problem: Problem) {
        pending.putOpt("continuation", problem.members.opt("continuation"))
        throw problem
    }
}

/** Answers with the code: `tokens` if it was right, which makes the account, too, or `attemptsLeft`. */
fun answer(pending: JSONObject, code: String): JSONObject =
    proceed("sign-in/answer", pending, JSONObject().put("answer", code))

/** Has the same code sent once more, if `resendAfter` seconds have passed. */
fun resend(pending: JSONObject): JSONObject = proceed("sign-in/resend", pending, JSONObject())
// end
