#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use serde_json::json;

use super::*;
use crate::failure::Exit;
use crate::operations::{ClientChange, ClientDraft, Operation, UserDraft};
use crate::server::Server;
use crate::testing::Folder;

async fn ask(folder: &Folder, operation: Operation) -> Result<serde_json::Value, crate::failure::Failure> {
    let path = folder.path().join("data").join(SOCKET);
    tokio::task::spawn_blocking(move || call(&path, &operation)).await.unwrap().map(|answer| answer.unwrap())
}

async fn server(folder: &Folder) -> crate::running::Running {
    Server::builder().dev(true).port(0).data(folder.path().join("data")).build().unwrap().start().await.unwrap()
}

fn shop() -> Operation {
    let redirect_uris = vec!["https://shop.example/cb".to_owned()];
    Operation::ClientAdd(ClientDraft { id: "shop".into(), confidential: true, redirect_uris, ..Default::default() })
}

#[tokio::test]
async fn a_client_is_added_shown_changed_and_removed_and_its_secret_is_seen_once() {
    let folder = Folder::new();
    let running = server(&folder).await;
    let added = ask(&folder, shop()).await.unwrap();
    assert!(added["client_secret"].as_str().unwrap().starts_with("khx_"));
    let shown = ask(&folder, Operation::ClientShow { id: "shop".into() }).await.unwrap();
    assert_eq!((&shown["secrets"], &shown["client_secret"]), (&json!(1), &json!(null)));
    let again = ask(&folder, shop()).await.unwrap_err();
    assert_eq!(again.code(), "KH0302");
    let change = ClientChange { id: "shop".into(), name: Some("The shop".into()), rotate_secret: true, ..Default::default() };
    let changed = ask(&folder, Operation::ClientUpdate(change)).await.unwrap();
    assert_eq!((&changed["name"], &changed["secrets"]), (&json!("The shop"), &json!(2)));
    assert_eq!(changed["redirect_uris"], json!(["https://shop.example/cb"]), "what is not given stays");
    ask(&folder, Operation::ClientRemove { id: "shop".into() }).await.unwrap();
    let gone = ask(&folder, Operation::ClientShow { id: "shop".into() }).await.unwrap_err();
    assert_eq!((gone.code(), gone.exit()), ("KH0301", Exit::NotFound));
    running.stop().await;
}

#[tokio::test]
async fn a_new_password_signs_the_user_out_everywhere() {
    let folder = Folder::new();
    let running = server(&folder).await;
    let draft = |password: &str| UserDraft { name: "alice".into(), display: None, password: password.into() };
    ask(&folder, Operation::UserAdd(draft("correct-horse"))).await.unwrap();
    let before = running.context().now();
    ask(&folder, Operation::UserPasswd(draft("battery-staple"))).await.unwrap();
    let ended = running.context().records.subject_not_before("alice").await.unwrap();
    assert!(ended.is_some_and(|instant| instant >= before));
    let list = ask(&folder, Operation::UserList {}).await.unwrap();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["name"]), (1, &json!("alice")));
    assert!(!list.to_string().contains("argon2id"));
    running.stop().await;
}

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_goes_with_the_server() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let path = folder.path().join("data").join(SOCKET);
    let running = server(&folder).await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let second = Server::builder().dev(true).port(0).data(folder.path().join("data")).build().unwrap().start().await;
    assert_eq!(second.err().unwrap().code(), "KH0155");
    let status = ask(&folder, Operation::Status {}).await.unwrap();
    assert_eq!(status["mode"], "dev");
    running.stop().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn what_is_no_command_is_refused_with_a_code() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let folder = Folder::new();
    let running = server(&folder).await;
    let path = folder.path().join("data").join(SOCKET);
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = std::os::unix::net::UnixStream::connect(path).unwrap();
        stream.write_all(b"{\"command\":\"client.show\",\"id\":\"x\",\"also\":1}\n").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line
    });
    assert!(answer.await.unwrap().contains("KH0160"));
    running.stop().await;
}
