// In the browser: the page that the server has rendered comes to life. What React reports is an error here.

import { StrictMode } from "react";
import { hydrateRoot } from "react-dom/client";
import { Dashboard } from "./dashboard";

const root = document.getElementById("root");
if (root?.dataset.props) {
  const props = JSON.parse(root.dataset.props);
  hydrateRoot(
    root,
    <StrictMode>
      <Dashboard {...props} />
    </StrictMode>,
    { onRecoverableError: (error) => console.error("hydration:", error) },
  );
}
