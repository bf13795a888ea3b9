// Pictures and posters that may not be there yet.
import { wait } from "../pictures.js";

export { wait as mount };
