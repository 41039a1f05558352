/** Of package.json; a test keeps them equal, so that no file is read at start. */
export const agentVersion = '0.1.0';
