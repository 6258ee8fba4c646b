// On the server: renders the page as HTML. Reads the properties as JSON from the first argument.

import { StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { Dashboard } from "./dashboard";

declare const process: { argv: string[]; stdout: { write(text: string): void } };

process.stdout.write(
  renderToString(
    <StrictMode>
      <Dashboard {...JSON.parse(process.argv[2])} />
    </StrictMode>,
  ),
);
