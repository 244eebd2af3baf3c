/** The few prompts that are asked, named one by one, so that the bundle leaves the rest (an editor and its encodings) out. */
export { input, password, search, select } from '@inquirer/prompts';
