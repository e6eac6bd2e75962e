// The use cases of story.test.js, by the HTTP door.
process.env.LATCHSTRING_DOOR = "http";
await import("./story.test.js");
