// The HTTP door for Flutter, with the package http. Not compiled here: a test parses it.

// docs: http-door-dart
import 'dart:convert';
import 'package:http/http.dart' as http;

const door = 'https://api.example.com/v1/';

/// A problem of the door: its name, and all of its members.
class Problem implements Exception {
  Problem(this.members);
  final Map<String, dynamic> members;
  String get name => '${members['type']}'.split(':').last;
}

Future<Map<String, dynamic>> call(
  String path,
  Map<String, String> body, {
  String? accessToken,
}) async {
  final response = await http.post(
    Uri.parse('$door$path'),
    headers: {
      'content-type': 'application/json',
      if (accessToken != null) 'authorization': 'Bearer $accessToken',
    },
    body: jsonEncode(body),
  );
  final reply = jsonDecode(response.body) as Map<String, dynamic>;
  if (response.statusCode != 200) throw Problem(reply);
  return reply;
}

/// Has a code sent, and returns what waits for it. Keep that until it is answered: it continues in a
/// new process, too. With the [resume] of an earlier reply it goes on with that code, and sends nothing.
Future<Map<String, dynamic>> signIn(String emailOrPhone, {String? resume}) async {
  final body = {'emailOrPhone': emailOrPhone, if (resume != null) 'resume': resume};
  return {...body, ...await call('sign-in', body)};
}

/// Has a code sent to a new contact. It is answered like a sign-in.
Future<Map<String, dynamic>> changeContact(String accessToken, String emailOrPhone) async {
  final body = {'emailOrPhone': emailOrPhone};
  return {...body, ...await call('contacts/change', body, accessToken: accessToken)};
}

/// A call in a sign-in: each reply has the continuation for the next one, a problem perhaps.
Future<Map<String, dynamic>> proceed(
  String path,
  Map<String, dynamic> pending,
  Map<String, String> body,
) async {
  try {
    final reply = await call(path, {...body, 'continuation': pending['continuation']});
    pending.addAll(reply);
    return reply;
  } on Problem catch (problem) {
    pending['continuation'] = problem.members['continuation'] ?? pending['continuation'];
    rethrow;
  }
}

/// Answers with the code: `tokens` if it was right, which makes the account, too, or `attemptsLeft`.
Future<Map<String, dynamic>> answer(Map<String, dynamic> pending, String code) =>
    proceed('sign-in/answer', pending, {'answer': code});

/// Has the same code sent once more, if `resendAfter` seconds have passed.
Future<Map<String, dynamic>> resend(Map<String, dynamic> pending) =>
    proceed('sign-in/resend', pending, {});
// end
