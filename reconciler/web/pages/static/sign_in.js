// An address of `reconcile open` has its token after the #: takes it out of the address and the history, and
// sends it as the form would. Without this script the token is entered by hand.
"use strict";
(() => {
  const form = document.getElementById("by-token");
  const token = location.hash.slice(1);
  if (!form || !/^[A-Za-z0-9_-]{16,64}$/.test(token)) return;
  history.replaceState(null, "", location.pathname + location.search);
  form.elements.token.value = token;
  form.requestSubmit();
})();
