from typing import Any

import requests

from cifras.sandbox.records import Company
from cifras.sandbox.server import SandboxServer

PATIENCE = 5  # seconds until a test gives up waiting for an answer


class Client:
    """A plain HTTP client of the sandbox, in the name of one company."""

    def __init__(self, sandbox: SandboxServer, company: Company) -> None:
        self.sandbox, self.company = sandbox, company
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = "Bearer a-key"

    def call(self, method: str, path: str, body: Any = None, **query: str) -> requests.Response:
        query = {"idCompany": self.company.id, **query}
        address = f"{self.sandbox.base_url}/pan/v1{path}"
        return self.session.request(method, address, json=body, params=query, timeout=PATIENCE)

    def post(self, path: str, body: Any, **query: str) -> requests.Response:
        return self.call("POST", path, body, **query)

    def get(self, path: str, **query: str) -> requests.Response:
        return self.call("GET", path, **query)

    def issue(self, body: Any, path: str = "/invoices") -> dict[str, Any]:
        """Post and read again; answers the document as the DGI left it."""
        answer = self.post(path, body)
        assert answer.status_code == 200, answer.text
        return self.read(answer.json()["document"]["id"], path)

    def read(self, document_id: str, path: str = "/invoices") -> dict[str, Any]:
        answer = self.get(f"{path}/{document_id}", documents="pdf")
        assert answer.status_code == 200, answer.text
        return answer.json()["document"]

    def void(
        self, document_id: str, reason: str = "Emitida por equivocación", path: str = "/invoices"
    ) -> requests.Response:
        return self.call("DELETE", f"{path}/{document_id}", {"reason": reason})

    def control(self, method: str, path: str, body: Any = None) -> requests.Response:
        return requests.request(method, f"{self.sandbox.root_url}/control{path}", json=body, timeout=PATIENCE)
