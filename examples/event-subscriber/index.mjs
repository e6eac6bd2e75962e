// A subscriber of Latchstring's events, as a Lambda function: Node.js 22, handler `index.handler`, target
// of an EventBridge rule with the pattern {"source": ["latchstring"], "detail-type": ["AccountCreated",
// "SignedIn"]}. It keeps a row for each account in a table of the app's own, with the partition key `sub`.
//
// An event can come twice, and late. So each write has a condition that a second event does not meet, or
// one that compares times: no list of ids is needed. Where neither is possible, store the event's id with
// your change in one transaction.
//
// The rows are written through `table`, which a test replaces. On Lambda it is the SDK that the runtime has.

/** The writes, each of one row and with a condition. A condition that does not hold is no error. */
export const dynamo = async (tableName = process.env.USERS_TABLE) => {
  const { DynamoDBClient } = await import("@aws-sdk/client-dynamodb");
  const { DynamoDBDocumentClient, UpdateCommand } = await import("@aws-sdk/lib-dynamodb");
  const client = DynamoDBDocumentClient.from(new DynamoDBClient());
  const update = async (sub, UpdateExpression, ConditionExpression, values) => {
    try {
      await client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: { sub },
          UpdateExpression,
          ConditionExpression,
          ExpressionAttributeValues: values,
        }),
      );
    } catch (error) {
      if (error.name !== "ConditionalCheckFailedException") {
        throw error;
      }
    }
  };
  return {
    /** Notes when the account was created, once. Its first sign-in may have made the row already. */
    create: (sub, time) => update(sub, "SET createdAt = :time", "attribute_not_exists(createdAt)", { ":time": time }),
    /** Notes the latest sign-in. An earlier one that arrives later changes nothing. */
    signedIn: (sub, time) =>
      update(sub, "SET lastSignIn = :time", "attribute_not_exists(lastSignIn) OR lastSignIn < :time", {
        ":time": time,
      }),
  };
};

/** Returns a handler that writes to this table. */
export const subscriber = (table) => async (event) => {
  // A principal that may put events on the bus can send one: name the bus in the rule, and check the source.
  if (event.source !== "latchstring") {
    return;
  }
  const { sub, time } = event.detail;
  const rows = await table();
  switch (event["detail-type"]) {
    case "AccountCreated":
      await rows.create(sub, time);
      break;
    case "SignedIn":
      await rows.signedIn(sub, time);
      break;
    default:
    // A rule may pass on more than this function uses.
  }
};

// An error is thrown: EventBridge and Lambda then repeat the event, and give it to the dead-letter queue
// of the rule in the end. Set one.
let made;
export const handler = subscriber(() => (made ??= dynamo()));
