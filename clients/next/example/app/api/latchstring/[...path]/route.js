export { GET, POST } from "../../../../latchstring";
